//! What a matrix was made on: the folders and their mounts, the machine, the day and the version. A grade holds there
//! and then, so every form of a matrix says it. What can't be known is left out.

use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// Mount options of overlays list every layer: so much of them is kept.
const MOST_OPTIONS: usize = 400;

/// What a matrix was made on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Tested {
    /// The version of ticketsim.
    pub version: String,
    /// When it was begun: RFC 3339, in UTC.
    pub date: String,
    /// The name of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The kernel and its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// The folders that were sold in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Mounted>,
}

/// A folder, and what is mounted there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "an object")]
pub struct Mounted {
    /// The folder, where links lead.
    pub path: String,
    /// The type of its filesystem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filesystem: Option<String>,
    /// What is mounted: a device, a server's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How it is mounted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
}

impl Tested {
    /// This machine now, and these folders.
    #[must_use]
    pub fn here(folders: &[&Path]) -> Self {
        let host = nix::unistd::gethostname().ok().map(|host| host.to_string_lossy().into_owned());
        let kernel = nix::sys::utsname::uname().ok().map(|system| {
            format!("{} {}", system.sysname().to_string_lossy(), system.release().to_string_lossy())
        });
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            host: host.filter(|host| !host.is_empty()),
            kernel,
            paths: folders.iter().map(|folder| Mounted::of(folder)).collect(),
        }
    }
}

impl Mounted {
    /// A folder, with what the system says of its mount.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let path = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let mounted = mount(folder).unwrap_or_default();
        Self { path: path.to_string_lossy().into_owned(), ..mounted }
    }
}

/// What /proc says of the mount that an open folder lies in: found by the mount's number, since paths may be mounted
/// over, and bind mounts share their device's number.
#[cfg(target_os = "linux")]
fn mount(folder: &Path) -> Option<Mounted> {
    use std::os::fd::AsRawFd as _;
    let open = std::fs::File::open(folder).ok()?;
    let of_descriptor = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", open.as_raw_fd())).ok()?;
    let number = of_descriptor.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim();
    of_mountinfo(&std::fs::read_to_string("/proc/self/mountinfo").ok()?, number)
}

#[cfg(target_vendor = "apple")]
fn mount(folder: &Path) -> Option<Mounted> {
    let about = nix::sys::statfs::statfs(folder).ok()?;
    Some(Mounted { filesystem: Some(about.filesystem_type_name().to_owned()), ..Mounted::default() })
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn mount(_: &Path) -> Option<Mounted> {
    None
}

/// The mount of this number in /proc/self/mountinfo: proc_pid_mountinfo(5). Options of the mount come first, then those
/// of its filesystem.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn of_mountinfo(mountinfo: &str, number: &str) -> Option<Mounted> {
    let line = mountinfo.lines().find(|line| line.split(' ').next() == Some(number))?;
    // Any number of optional fields ends with a dash that stands alone.
    let (mount, filesystem) = line.split_once(" - ")?;
    let mut filesystem = filesystem.split(' ');
    let (kind, source) = (filesystem.next()?, filesystem.next()?);
    let mut options: Vec<&str> = mount.split(' ').nth(5)?.split(',').collect();
    for option in filesystem.next().unwrap_or_default().split(',') {
        if !option.is_empty() && !options.contains(&option) {
            options.push(option);
        }
    }
    let source = unescaped(source);
    Some(Mounted {
        path: String::new(),
        filesystem: Some(unescaped(kind)),
        source: (source != "none" && !source.is_empty()).then_some(source),
        options: Some(shortened(&unescaped(&options.join(",")))),
    })
}

/// Spaces, tabs, line feeds and backslashes stand there as `\040` and the like.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (code, c)| text.replace(code, c))
}

fn shortened(options: &str) -> String {
    if options.chars().count() <= MOST_OPTIONS {
        return options.to_owned();
    }
    options.chars().take(MOST_OPTIONS).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTINFO: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
91 22 0:45 / /mnt/a\\040share rw,relatime shared:7 master:3 - nfs4 shop:/a\\040b rw,vers=4.2,local_lock=none
92 22 0:45 / /mnt/a\\040share ro - tmpfs none rw,size=4k
";

    #[test]
    fn a_mount_is_found_by_its_number() {
        let of = |number| of_mountinfo(MOUNTINFO, number);
        let share = of("91").expect("a mount");
        assert_eq!(share.filesystem.as_deref(), Some("nfs4"));
        assert_eq!(share.source.as_deref(), Some("shop:/a b"));
        assert_eq!(share.options.as_deref(), Some("rw,relatime,vers=4.2,local_lock=none"));
        let above = of("92").expect("a mount");
        assert_eq!((above.filesystem.as_deref(), above.source), (Some("tmpfs"), None));
        assert_eq!(above.options.as_deref(), Some("ro,rw,size=4k"));
        assert_eq!(of("2"), None, "no number that begins so");
        assert_eq!(of_mountinfo("7 1 0:1 / /", "7"), None);
    }

    #[test]
    fn options_without_end_are_cut() {
        let options = shortened(&"lowerdir=/x:".repeat(1000));
        assert_eq!(options.chars().count(), MOST_OPTIONS + 1);
        assert!(options.ends_with('…'));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_is_named_and_a_folder_that_is_not_there_has_no_mount() {
        let here = Tested::here(&[Path::new("/proc"), Path::new("/there/is/no/such/folder")]);
        assert_eq!(here.paths[0].filesystem.as_deref(), Some("proc"));
        assert_eq!(here.paths[1], Mounted { path: "/there/is/no/such/folder".into(), ..Mounted::default() });
        assert!(here.kernel.is_some_and(|kernel| kernel.starts_with("Linux ")));
        assert!(here.date.ends_with('Z'), "{}", here.date);
    }
}
