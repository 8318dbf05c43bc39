//! What the shell itself says (tray, notifications, native dialogs), in the person's language.

use mira_engine::settings::Settings;

/// One language's words.
pub struct Words {
    pub nothing_running: &'static str,
    pub one_running: &'static str,
    /// `{}` is the count.
    pub many_running: &'static str,
    pub nothing_waiting: &'static str,
    pub one_waiting: &'static str,
    pub many_waiting: &'static str,
    pub new_session: &'static str,
    pub show: &'static str,
    pub quit: &'static str,
    pub done: &'static str,
    pub failed: &'static str,
    pub waiting: &'static str,
    pub saved: &'static str,
    pub not_saved: &'static str,
    pub not_saved_why: &'static str,
    pub cannot_attach: &'static str,
    pub newer_version: &'static str,
    pub still_working: &'static str,
    pub one_would_stop: &'static str,
    pub many_would_stop: &'static str,
    pub stay: &'static str,
    pub hide: &'static str,
    pub stop_and_quit: &'static str,
    pub approval_title: &'static str,
    pub deny: &'static str,
    pub decide_in_mira: &'static str,
    pub allow_once: &'static str,
    pub approval_in: &'static str,
    pub why_asked: &'static str,
    pub model_says: &'static str,
    /// `{}` is minutes and seconds.
    pub denied_in: &'static str,
    pub password_title: &'static str,
    pub password: &'static str,
    pub cancel: &'static str,
    pub give_to_sudo: &'static str,
}

const ENGLISH: Words = Words {
    nothing_running: "Nothing running",
    one_running: "1 task running",
    many_running: "{} tasks running",
    nothing_waiting: "Nothing waits for you",
    one_waiting: "1 approval waits for you",
    many_waiting: "{} approvals wait for you",
    new_session: "New session",
    show: "Show Mira",
    quit: "Quit",
    done: "Done",
    failed: "Failed",
    waiting: "Waiting for your approval",
    saved: "Saved",
    not_saved: "The file was not saved",
    not_saved_why: "Is the disk full, or the folder read-only?",
    cannot_attach: "Terminals cannot attach",
    newer_version: "A newer version is there",
    still_working: "Mira is still working",
    one_would_stop: "One task is still running. If you quit, it stops; you can resume it later.",
    many_would_stop: "{} tasks are still running. If you quit, they stop; you can resume them later.",
    stay: "Keep open",
    hide: "Keep working in the background",
    stop_and_quit: "Stop and quit",
    approval_title: "Mira asks for your approval",
    deny: "Deny",
    decide_in_mira: "Decide in Mira",
    allow_once: "Allow once",
    approval_in: "In",
    why_asked: "Why asked",
    model_says: "The model says",
    denied_in: "Denied by itself in {}",
    password_title: "Mira: a command with more rights",
    password: "Password",
    cancel: "Cancel",
    give_to_sudo: "Give to sudo",
};

const GERMAN: Words = Words {
    nothing_running: "Nichts läuft",
    one_running: "1 Vorgang läuft",
    many_running: "{} Vorgänge laufen",
    nothing_waiting: "Nichts wartet auf dich",
    one_waiting: "1 Freigabe wartet auf dich",
    many_waiting: "{} Freigaben warten auf dich",
    new_session: "Neue Sitzung",
    show: "Mira zeigen",
    quit: "Beenden",
    done: "Fertig",
    failed: "Fehlgeschlagen",
    waiting: "Wartet auf deine Freigabe",
    saved: "Gespeichert",
    not_saved: "Die Datei wurde nicht gespeichert",
    not_saved_why: "Ist die Festplatte voll oder der Ordner schreibgeschützt?",
    cannot_attach: "Terminals können sich nicht verbinden",
    newer_version: "Eine neuere Version ist da",
    still_working: "Mira arbeitet noch",
    one_would_stop: "Ein Vorgang läuft noch. Beim Beenden hält er an; er lässt sich später fortsetzen.",
    many_would_stop: "{} Vorgänge laufen noch. Beim Beenden halten sie an; sie lassen sich später fortsetzen.",
    stay: "Offen lassen",
    hide: "Im Hintergrund weiterarbeiten",
    stop_and_quit: "Anhalten und beenden",
    approval_title: "Mira bittet um deine Freigabe",
    deny: "Ablehnen",
    decide_in_mira: "In Mira entscheiden",
    allow_once: "Einmal erlauben",
    approval_in: "In",
    why_asked: "Gefragt, weil",
    model_says: "Das Modell sagt",
    denied_in: "Von selbst abgelehnt in {}",
    password_title: "Mira: ein Befehl mit mehr Rechten",
    password: "Passwort",
    cancel: "Abbrechen",
    give_to_sudo: "An sudo geben",
};

/// In the language that the settings name; `system` follows the environment.
pub fn words(settings: &Settings) -> &'static Words {
    of(&settings.look.language)
}

/// The same for a language as the settings write it.
pub fn of(language: &str) -> &'static Words {
    let language = match language {
        "system" => std::env::var("LC_ALL")
            .ok()
            .filter(|text| !text.is_empty())
            .or_else(|| std::env::var("LANG").ok())
            .unwrap_or_default(),
        chosen => chosen.to_owned(),
    };
    match language.starts_with("de") {
        true => &GERMAN,
        false => &ENGLISH,
    }
}

impl Words {
    pub fn running(&self, count: usize) -> String {
        counted(
            count,
            [self.nothing_running, self.one_running, self.many_running],
        )
    }

    pub fn waiting_count(&self, count: usize) -> String {
        counted(
            count,
            [self.nothing_waiting, self.one_waiting, self.many_waiting],
        )
    }

    pub fn would_stop(&self, count: usize) -> String {
        counted(
            count,
            [
                self.many_would_stop,
                self.one_would_stop,
                self.many_would_stop,
            ],
        )
    }
}

fn counted(count: usize, [none, one, many]: [&str; 3]) -> String {
    match count {
        0 => none,
        1 => one,
        _ => many,
    }
    .replace("{}", &count.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_language_speaks_and_counts() {
        let mut settings = Settings::under(std::path::Path::new("/somewhere"));
        settings.look.language = "de".into();
        assert_eq!(words(&settings).running(2), "2 Vorgänge laufen");
        assert_eq!(words(&settings).running(1), "1 Vorgang läuft");
        settings.look.language = "en".into();
        assert_eq!(words(&settings).running(0), "Nothing running");
        assert_eq!(of("de").deny, "Ablehnen");
        assert_eq!(
            words(&settings).waiting_count(3),
            "3 approvals wait for you"
        );
    }
}
