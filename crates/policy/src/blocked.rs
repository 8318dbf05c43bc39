//! Elevated commands that never run: what they would do to the machine, read from their words.
//! No shell comes between, so the words are all there is.

use std::path::Path;

use crate::safe::lexical;

/// Losing one of these, or all below it, loses the machine.
const SYSTEM: [&str; 20] = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/opt", "/proc",
    "/root", "/run", "/sbin", "/srv", "/sys", "/usr", "/var", "/usr/bin", "/usr/lib",
];

/// Without these nobody logs in, or nothing starts.
const NEEDED: [&str; 6] = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/sudoers",
    "/etc/fstab",
];

/// The name of the first check that stops the command. `counts` says which ones are on.
pub fn blocked(
    argv: &[String],
    home: Option<&Path>,
    counts: &dyn Fn(&str) -> bool,
) -> Option<&'static str> {
    let (program, arguments) = argv.split_first()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let checks: [(&'static str, bool); 8] = [
        (
            "recursive_root_deletion",
            deletes_all(name, arguments, home),
        ),
        (
            "delete_boot_password_files",
            deletes_needed(name, arguments),
        ),
        (
            "overwrite_boot_sector",
            writes_to(arguments, |device| device.boots),
        ),
        (
            "dd_to_partition",
            writes_to(arguments, |device| device.partition),
        ),
        ("dd_to_disk_device", writes_to(arguments, |_| true)),
        ("format_filesystem", formats(name)),
        ("destructive_fdisk", partitions(name, arguments)),
        ("chmod_world_writable_root", opens_up(name, arguments)),
    ];
    checks
        .into_iter()
        .find(|(check, stops)| *stops && counts(check))
        .map(|(check, _)| check)
}

fn paths(arguments: &[String]) -> impl Iterator<Item = std::path::PathBuf> + '_ {
    arguments
        .iter()
        .filter(|word| word.starts_with('/') || word.starts_with('~'))
        .map(|word| lexical(Path::new(word.trim_end_matches(['*', '.']))))
}

fn has_flag(arguments: &[String], letters: &[char], long: &str) -> bool {
    arguments.iter().any(|word| {
        word == long || word.starts_with('-') && !word.starts_with("--") && word.contains(letters)
    })
}

fn deletes_all(name: &str, arguments: &[String], home: Option<&Path>) -> bool {
    let whole = |path: std::path::PathBuf| {
        SYSTEM.iter().any(|system| path == Path::new(system)) || home == Some(path.as_path())
    };
    let recursive = name == "rm" && has_flag(arguments, &['r', 'R'], "--recursive")
        || name == "find" && arguments.iter().any(|word| word == "-delete");
    recursive && paths(arguments).any(whole)
}

fn deletes_needed(name: &str, arguments: &[String]) -> bool {
    let destroys = ["rm", "unlink", "shred", "truncate", "mv", "dd"].contains(&name);
    destroys
        && arguments.iter().any(|word| {
            let path = lexical(Path::new(word.strip_prefix("of=").unwrap_or(word)));
            path.starts_with("/boot") || NEEDED.iter().any(|needed| path == Path::new(needed))
        })
}

struct Device {
    partition: bool,
    boots: bool,
}

fn writes_to(arguments: &[String], fits: impl Fn(&Device) -> bool) -> bool {
    let targets = arguments.iter().filter_map(|word| word.strip_prefix("of="));
    targets.filter_map(device).any(|device| fits(&device))
}

/// What `/dev/NAME` is, where it is a disk.
fn device(path: &str) -> Option<Device> {
    let path = lexical(Path::new(path));
    let name = path.strip_prefix("/dev").ok()?.to_str()?.to_owned();
    let disk = [
        "sd", "hd", "vd", "xvd", "nvme", "mmcblk", "disk", "mapper", "dm-", "md", "loop",
    ];
    if !disk.iter().any(|known| name.starts_with(known)) {
        return None;
    }
    let numbered = name.ends_with(|c: char| c.is_ascii_digit());
    let partition = if name.starts_with("nvme") || name.starts_with("mmcblk") {
        numbered && name.contains('p')
    } else {
        numbered || name.starts_with("mapper")
    };
    let boots = ["sda", "hda", "vda", "xvda", "nvme0n1", "mmcblk0"].contains(&name.as_str());
    Some(Device { partition, boots })
}

fn formats(name: &str) -> bool {
    name.starts_with("mkfs") || ["mke2fs", "wipefs", "mkswap", "blkdiscard"].contains(&name)
}

fn partitions(name: &str, arguments: &[String]) -> bool {
    let looks =
        |word: &String| ["-l", "--list", "-d", "--dump", "print", "-p"].contains(&word.as_str());
    ["fdisk", "sfdisk", "cfdisk", "gdisk", "sgdisk", "parted"].contains(&name)
        && !arguments.iter().any(looks)
}

fn opens_up(name: &str, arguments: &[String]) -> bool {
    let everybody = |word: &String| {
        let octal = word.trim_start_matches('0');
        octal.len() >= 3
            && octal.chars().all(|c| ('0'..='7').contains(&c))
            && octal.ends_with(['2', '3', '6', '7'])
            || (word.starts_with("a+") || word.starts_with("o+") || word.starts_with('+'))
                && word.contains('w')
    };
    name == "chmod"
        && arguments.iter().any(everybody)
        && paths(arguments).any(|path| SYSTEM.iter().any(|system| path == Path::new(system)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> &'static str {
        let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
        blocked(&argv, Some(Path::new("/home/me")), &|_| true).unwrap_or("-")
    }

    #[test]
    fn what_loses_the_machine_is_stopped_and_the_rest_is_not() {
        for (line, expected) in [
            ("rm -rfv /", "recursive_root_deletion"),
            (
                "/bin/rm --recursive --force /usr/",
                "recursive_root_deletion",
            ),
            ("rm -rf /home/me", "recursive_root_deletion"),
            ("rm -rf /etc/../", "recursive_root_deletion"),
            ("rm -rf /*", "recursive_root_deletion"),
            ("find / -delete", "recursive_root_deletion"),
            ("rm -rf /tmp/x", "-"),
            ("rm -rf /var/lib/app", "-"),
            ("rm /etc/shadow", "delete_boot_password_files"),
            ("rm /boot/vmlinuz", "delete_boot_password_files"),
            ("dd if=x of=/dev/sdb1", "dd_to_partition"),
            ("dd if=x of=/dev/sda", "overwrite_boot_sector"),
            ("dd if=x of=/dev/nvme1n1", "dd_to_disk_device"),
            ("dd if=x of=/dev/null", "-"),
            ("mkfs.ext4 /dev/sdb1", "format_filesystem"),
            ("fdisk /dev/sda", "destructive_fdisk"),
            ("fdisk -l /dev/sda", "-"),
            ("chmod -R 777 /", "chmod_world_writable_root"),
            ("chmod a+rwx /etc", "chmod_world_writable_root"),
            ("chmod 755 /etc", "-"),
            ("apt-get install jq", "-"),
        ] {
            assert_eq!(check(line), expected, "{line}");
        }
        let off = blocked(&["fdisk".into()], None, &|name| name != "destructive_fdisk");
        assert_eq!(off, None);
    }
}
