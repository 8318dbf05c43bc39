use std::borrow::Cow;

use mira_secrets::{Masker, UnknownMarks, find};
use proptest::prelude::*;

fn masker() -> Masker {
    Masker::new([7; 32])
}

/// Written in two halves, so that no scanner takes this file for a leak.
fn github() -> String {
    format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5")
}

#[test]
fn text_without_secrets_is_not_copied() {
    let text = "let key = map.get(&token).unwrap(); // https://example.com/a?b=c";
    assert!(matches!(masker().mask(text), Cow::Borrowed(_)));
}

#[test]
fn the_same_secret_has_the_same_mark_and_another_key_another() {
    let text = format!("a {0} b {0}", github());
    let masked = masker().mask(&text).into_owned();
    let marks: Vec<&str> = masked
        .split(' ')
        .filter(|word| word.starts_with('['))
        .collect();
    assert_eq!(marks.len(), 2);
    assert_eq!(marks[0], marks[1]);
    assert!(marks[0].starts_with("[secret:github-token:"), "{masked}");
    assert_ne!(Masker::new([8; 32]).mask(&text), masked);
}

#[test]
fn a_private_key_goes_whole_also_where_its_end_was_cut_off() {
    let armour = |kind: &str| format!("-----{kind} RSA PRIVATE KEY-----");
    let body = "MIIEowIBAAKCAQEA\nx5Zb+Q/9dO\n";
    let whole = format!(
        "before\n{}\n{body}{}\nafter",
        armour("BEGIN"),
        armour("END")
    );
    let masked = masker().mask(&whole).into_owned();
    assert!(
        !masked.contains("MIIEow") && masked.contains("after"),
        "{masked}"
    );
    let cut = format!("{}\n{body}", armour("BEGIN"));
    assert!(!masker().mask(&cut).contains("x5Zb"));
}

#[test]
fn values_of_env_files_are_masked_and_their_names_stay() {
    let text = "# local\nDEBUG=true\nPORT=3000\nexport DB_URL=postgres://localhost/app\nNAME=\"two words\" # note\r\nEMPTY=\n";
    let masked = masker().mask_file("web/.env", text).into_owned();
    assert!(
        masked.contains("DEBUG=true")
            && masked.contains("PORT=3000")
            && masked.contains("EMPTY=\n")
    );
    assert!(
        masked.contains("export DB_URL=[secret:env-value:"),
        "{masked}"
    );
    assert!(
        masked.contains("NAME=\"[secret:env-value:") && masked.contains("\" # note\r\n"),
        "{masked}"
    );
    assert_eq!(masker().mask_file("a.txt", "COLOUR=blue"), "COLOUR=blue");
}

#[test]
fn an_edit_of_masked_text_keeps_the_secret() {
    let original = format!("token: {}\nname: a\n", github());
    let shown = masker().mask_file("c.yml", &original).into_owned();
    let edited = shown.replace("name: a", "name: b");
    let back = masker().restore(&edited, "c.yml", &original);
    assert_eq!(
        back.as_deref(),
        Ok(original.replace("name: a", "name: b").as_str())
    );
}

#[test]
fn a_mark_does_not_travel_to_another_file() {
    let shown = masker().mask(&github()).into_owned();
    assert_eq!(
        masker().restore(&shown, "b.txt", "nothing here"),
        Err(UnknownMarks(vec![shown.clone()]))
    );
    // A file that speaks of marks may go on doing so.
    assert_eq!(
        masker().restore(&shown, "b.txt", &shown).as_deref(),
        Ok(shown.as_str())
    );
}

#[test]
fn code_that_handles_secrets_is_left_alone() {
    for line in [
        "let token = self.next_token()?;",
        "password = os.environ[\"DB_PASSWORD\"]",
        "api_key: process.env.API_KEY,",
        "const secretName = \"projects/app/secrets/name\";",
        "token = \"<your-token-here>\"",
        "PASSWORD=${DB_PASSWORD}",
        "key: \"deadbeef\"",
        "fn mask_password(password: &str) -> String {",
        "access_token: \"xxxxxxxxxxxxxxxxxxxxxxxx\"",
        "git clone https://github.com/rust-lang/rust.git",
        "sk-learn and task-1234567890123456789012345",
        "\"password\": \"changeme123\"",
        "ssh://git@example.com:2222/a",
    ] {
        assert_eq!(find(line), vec![], "{line}");
    }
}

proptest! {
    #[test]
    fn masking_again_changes_nothing(before in ".{0,40}", after in "\\PC{0,40}") {
        let text = format!("{before} {} {after} password = \"hunter2hunter2\"", github());
        let once = masker().mask(&text).into_owned();
        prop_assert!(!once.contains(&github()));
        prop_assert_eq!(masker().mask(&once).into_owned(), once);
    }

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        let masked = masker().mask(&text).into_owned();
        let again = masker().mask_file(".env", &masked).into_owned();
        prop_assert!(masker().restore(&masked, "a", &text).is_ok() || masked.contains("[secret:"));
        let _ = again;
    }
}

#[test]
fn values_of_an_env_file_that_tell_something_are_masked_everywhere_from_then_on() {
    let masker = masker();
    let env = "TOKEN=plain-words-77\nAPI_KEY='two words'\nNODE_ENV=development\nHOST=localhost\n\
               PORT=8080\nSESSION=a8Kx02mQ9vTz41Lp\nPASSWORD=changeme\n";
    let printed = "1:TOKEN=plain-words-77 two words development localhost 8080 a8Kx02mQ9vTz41Lp \
                   changeme";
    masker.learn("README.md", env);
    assert_eq!(masker.mask("x plain-words-77 y"), "x plain-words-77 y");
    masker.learn("web/.env", env);
    let masked = masker.clone().mask(printed).into_owned();
    for secret in ["plain-words-77", "two words", "a8Kx02mQ9vTz41Lp"] {
        assert!(!masked.contains(secret), "{masked}");
    }
    for word in ["development", "localhost", "8080", "changeme"] {
        assert!(masked.contains(word), "{masked}");
    }
    // The same mark as in the file, and put back from it.
    let mark = masker.mask("plain-words-77").into_owned();
    assert!(masker.mask_file("web/.env", env).contains(&mark));
    let restored = masker.restore(&mark, "web/.env", env);
    assert_eq!(restored.unwrap(), "plain-words-77");
    assert_eq!(masker.mask(&masked), masked);
}
