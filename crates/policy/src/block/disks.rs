//! Writing over disks.

use super::Seen;

/// A block device.
pub(super) struct Device {
    pub partition: bool,
    /// The first disk, where machines start from.
    first: bool,
}

fn device(path: &str) -> Option<Device> {
    let name = path.strip_prefix("/dev/")?;
    // Names that say which disk by what it is.
    if name.starts_with("disk/by-") {
        return Some(Device {
            partition: name.contains("-part"),
            first: false,
        });
    }
    // Volumes and arrays hold file systems, whatever they are called.
    let joined = name.starts_with("mapper/")
        || ["dm-", "md"].iter().any(|kind| {
            let number = name.strip_prefix(kind);
            number.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        });
    if joined && name != "mapper/control" {
        return Some(Device {
            partition: true,
            first: false,
        });
    }
    let lettered = ["sd", "hd", "vd", "xvd"]
        .iter()
        .find_map(|kind| name.strip_prefix(kind));
    if let Some(rest) = lettered {
        let letters = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let fits = !letters.is_empty()
            && letters
                .chars()
                .all(|c| c.is_ascii_lowercase() || matches!(c, '*' | '?'));
        return fits.then_some(Device {
            partition: letters.len() < rest.len(),
            first: letters == "a",
        });
    }
    for (kind, mark) in [
        ("nvme", 'p'),
        ("mmcblk", 'p'),
        ("disk", 's'),
        ("rdisk", 's'),
    ] {
        if let Some(rest) = name.strip_prefix(kind) {
            let starts_well = rest.starts_with(|c: char| c.is_ascii_digit() || c == '*');
            return starts_well.then_some(Device {
                partition: rest.contains(mark),
                first: rest.starts_with('0'),
            });
        }
    }
    None
}

pub(super) fn dd_target<'w>(name: &str, words: &[&'w str]) -> Option<&'w str> {
    let given = words.iter().find_map(|word| word.strip_prefix("of="));
    given.filter(|_| matches!(name, "dd" | "dcfldd" | "dc3dd"))
}

pub(super) fn boot_sector(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| {
        let first = dd_target(name, &words)
            .and_then(device)
            .is_some_and(|device| device.first && !device.partition);
        let small = words.iter().any(|word| {
            matches!(
                *word,
                "bs=512" | "bs=446" | "bs=440" | "ibs=512" | "obs=512"
            )
        }) && words.contains(&"count=1");
        first && small
    })
}

pub(super) fn raw_write(seen: &Seen<'_>, fits: fn(&Device) -> bool) -> bool {
    let hits = |path: &str| device(path).is_some_and(|device| fits(&device));
    seen.redirections().iter().any(|path| hits(path))
        || seen.each().any(|(name, words)| match name {
            "dd" | "dcfldd" | "dc3dd" => dd_target(name, &words).is_some_and(hits),
            "tee" | "shred" | "wipe" | "wipefs" | "badblocks" | "blkdiscard" => {
                words.iter().any(|word| hits(word))
            }
            "cp" | "mv" | "install" => words.last().is_some_and(|word| hits(word)),
            _ => false,
        })
}

pub(super) fn format(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| {
        let formats = name.starts_with("mkfs")
            || matches!(name, "mke2fs" | "mkswap" | "newfs" | "mkdosfs" | "mkntfs")
            || name == "cryptsetup"
                && words
                    .iter()
                    .any(|word| word.eq_ignore_ascii_case("luksformat"))
            || name == "nvme" && words.contains(&"format");
        formats && words.iter().any(|word| word.starts_with("/dev/"))
    })
}

pub(super) fn partitions(seen: &Seen<'_>) -> bool {
    seen.each().any(|(name, words)| {
        let edits = matches!(
            name,
            "fdisk" | "sfdisk" | "cfdisk" | "gdisk" | "sgdisk" | "cgdisk" | "parted"
        );
        let looks = words.iter().any(|word| {
            matches!(
                *word,
                "-l" | "--list"
                    | "-d"
                    | "--dump"
                    | "-p"
                    | "--print"
                    | "print"
                    | "-s"
                    | "--show-size"
            )
        });
        let writes = words
            .iter()
            .any(|word| matches!(*word, "mklabel" | "mkpart" | "rm" | "resizepart"));
        edits && (!looks || writes) && words.iter().any(|word| word.starts_with("/dev/"))
    })
}
