//! The words of the command line itself: the parts of a help, and mistakes in the arguments. The English of these is
//! written by clap; it stands here as clap writes it.

use super::texts;

texts! {
    /// Before an error.
    error() { en: "error", zh: "错误" }
    /// Before what helps.
    tip() { en: "tip", zh: "提示" }
    /// The heading of how a command is called.
    usage() { en: "Usage:", zh: "用法：" }
    /// In a usage: any options.
    usage_options() { en: "[OPTIONS]", zh: "[选项]" }
    /// In a usage: a command.
    usage_command() { en: "<COMMAND>", zh: "<命令>" }
    /// The heading of commands.
    commands() { en: "Commands", zh: "命令" }
    /// The heading of arguments that are no options.
    arguments() { en: "Arguments", zh: "参数" }
    /// The heading of options that stand under no other.
    options() { en: "Options", zh: "选项" }
    /// What an option is when it is not given.
    default(value) { en: "[default: {value}]", zh: "[默认：{value}]" }
    /// The values that an option takes.
    possible_values(values) { en: "[possible values: {values}]", zh: "[可选值：{values}]" }
    /// The heading of the values that an option takes.
    possible_values_heading() { en: "Possible values", zh: "可选值" }
    /// The version, with the stores that were built in.
    version(version, stores) { en: "{version}\nstores: {stores}", zh: "{version}\n存储：{stores}" }
    /// The first of the stores.
    ticket_files() { en: "ticket files", zh: "票文件" }

    /// Where more is to be read.
    try_help(flag) { en: "For more information, try '{flag}'.", zh: "用 '{flag}' 看完整的说明。" }
    /// Something is given twice.
    twice(given) { en: "the argument '{given}' cannot be used multiple times", zh: "'{given}' 只能给出一次" }
    /// Two things exclude each other.
    conflict(given, other) { en: "the argument '{given}' cannot be used with '{other}'", zh: "'{given}' 不能与 '{other}' 同用" }
    /// It excludes several things.
    conflicts(given) { en: "the argument '{given}' cannot be used with:", zh: "'{given}' 不能与下列同用：" }
    /// It excludes something else.
    conflict_somewhere(given) {
        en: "the argument '{given}' cannot be used with one or more of the other specified arguments",
        zh: "'{given}' 不能与别的某个参数同用",
    }
    /// A value is missing.
    no_value(given) { en: "a value is required for '{given}' but none was supplied", zh: "'{given}' 要带一个值，却没有给出" }
    /// A value that is none.
    bad_value(value, given) { en: "invalid value '{value}' for '{given}'", zh: "'{value}' 不能用作 '{given}' 的值" }
    /// A value that is none, and why.
    bad_value_why(value, given, why) { en: "invalid value '{value}' for '{given}': {why}", zh: "'{value}' 不能用作 '{given}' 的值：{why}" }
    /// It takes no value, or no more of them.
    too_many_values(value, given) {
        en: "unexpected value '{value}' for '{given}' found; no more were expected",
        zh: "'{given}' 不再带值，却又给了 '{value}'",
    }
    /// It takes more values.
    too_few_values(given, wanted, got) {
        en: "{wanted} values required by '{given}'; only {got} were provided",
        zh: "'{given}' 要带 {wanted} 个值，只给了 {got} 个",
    }
    /// It has to stand behind an equals sign.
    no_equals(given) { en: "equal sign is needed when assigning values to '{given}'", zh: "'{given}' 的值要写在等号后面" }
    /// No such option.
    unknown_argument(given) { en: "unexpected argument '{given}' found", zh: "不认识参数 '{given}'" }
    /// No such command.
    unknown_command(given) { en: "unrecognized subcommand '{given}'", zh: "不认识命令 '{given}'" }
    /// What is missing.
    missing() { en: "the following required arguments were not provided:", zh: "缺少下列参数：" }
    /// A command is missing.
    no_command(given) { en: "'{given}' requires a subcommand but one was not provided", zh: "'{given}' 后面要有一个命令，却没有给出" }
    /// Bytes that are no text.
    no_utf8() { en: "invalid UTF-8 was detected in one or more arguments", zh: "有参数不是有效的 UTF-8" }
    /// What was meant.
    similar(names) { en: "a similar one exists: {names}", zh: "有相近的：{names}" }
    /// How to say it as a value.
    as_a_value(given, how) { en: "to pass '{given}' as a value, use '{how}'", zh: "若要把 '{given}' 当作值，请写成 '{how}'" }
    /// Another command has it.
    elsewhere(how) { en: "'{how}' exists", zh: "有 '{how}'" }
    /// The two dashes are too much.
    without_dashes(command) {
        en: "subcommand '{command}' exists; to use it, remove the '--' before it",
        zh: "有命令 '{command}'；要用它，请去掉前面的 '--'",
    }
}
