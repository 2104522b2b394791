//! Files, folders, addresses and steps that a command was given and can't use.

use crate::lang::texts;

texts! {
    /// A folder is to be written to as a file.
    is_a_folder(path) { en: "{path}: is a folder", zh: "{path}：是文件夹" }
    /// A file can't be written.
    not_writable(path) { en: "{path}: can't be written", zh: "{path}：写不了" }
    /// A file could not be written, and why.
    not_written(path, why) { en: "{path}: can't be written: {why}", zh: "{path}：写不了：{why}" }
    /// The stock could not be read in the end, and why.
    stock_unread(place, why) { en: "{place}: can't be read after the sale: {why}", zh: "{place}：售票后读不出：{why}" }
    /// A ticket file would be written over.
    is_a_ticket_file(path) {
        en: "{path}: is a ticket file, or has the name of one on its way to its place; name another one",
        zh: "{path}：是票文件，或与正在写的票文件同名；请换一个",
    }
    /// Another file of the command would be written over.
    is_taken(path) {
        en: "{path}: would be written over a file that this command reads or writes; name another one",
        zh: "{path}：会盖掉这个命令要读或要写的文件；请换一个",
    }
    /// A file can't be read.
    not_readable(path) { en: "{path}: can't be read", zh: "{path}：读不了" }
    /// A file is too long.
    too_long(path, bytes) { en: "{path}: longer than {bytes} bytes", zh: "{path}：超过 {bytes} 字节" }
    /// There is no such folder.
    no_folder(path) { en: "--chdir: {path}: no such folder", zh: "--chdir：{path}：没有这个文件夹" }
    /// Standard output can't be written.
    no_stdout() { en: "standard output: can't be written", zh: "标准输出：写不了" }
    /// The trials have no folder.
    no_folder_for_trials(why) {
        en: "no folder can be made for the trials: {why}; --dir takes a folder that can be written",
        zh: "不能为试验建文件夹：{why}；--dir 要一个能写的文件夹",
    }
    /// There is no such folder, and none can be made.
    no_folder_made(path) { en: "{path}: no such folder can be made", zh: "{path}：建不了这个文件夹" }
    /// Nobody can listen there.
    not_listened_at(address) { en: "--listen {address}: nobody can listen there", zh: "--listen {address}：不能在那里监听" }
    /// No port of this machine is free.
    no_free_port() { en: "no port is free", zh: "没有空闲的端口" }
    /// The tickets are in a file, and a store was expected.
    no_store() { en: "it is a ticket file", zh: "这是票文件" }
    /// Two matrices of different things.
    nothing_in_common(first, second) {
        en: "{first} and {second} have no row in common: they are matrices of different things",
        zh: "{first} 和 {second} 没有一行相同：它们是不同东西的矩阵",
    }
    /// A history without a plan.
    no_plan() { en: "the history holds no plan", zh: "这份历史里没有计划" }
    /// A schedule whose plan can't be run.
    not_replayable(path) { en: "{path}: nobody can replay this schedule", zh: "{path}：这个调度谁也重放不了" }
    /// A schedule that is several words.
    several_words(words) {
        en: "the steps are {words} words: put them in quotes, so that they are one",
        zh: "步骤是 {words} 个词：请用引号括起来，使它们成为一个词",
    }
    /// A schedule without a step.
    no_steps() {
        en: "the schedule is empty: it takes at least one step, like R1",
        zh: "调度是空的：至少要有一步，例如 R1",
    }
    /// Somebody else wrote to the store during a replay.
    touched(place, step, store) {
        en: "step {place} ({step}) can't be taken although the schedule is right: did another program touch {store}?",
        zh: "第 {place} 步（{step}）走不了，虽然调度没错：是别的程序动过 {store} 吗？",
    }
    /// The same in one of several replays.
    touched_in(time, place, step, store) {
        en: "replay {time}: step {place} ({step}) can't be taken although the schedule is right: did another program touch {store}?",
        zh: "第 {time} 次重放：第 {place} 步（{step}）走不了，虽然调度没错：是别的程序动过 {store} 吗？",
    }
}
