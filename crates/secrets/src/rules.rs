//! What a secret looks like: one line a kind. The forms are those that the vendors document for
//! their own keys (prefixes, lengths, alphabets), read in November 2026.

use std::sync::OnceLock;

use regex::Regex;

use crate::pattern;

/// One kind of secret.
pub(crate) struct Rule {
    pub kind: &'static str,
    /// The text has one of these, in whatever case, or the rule is not tried.
    pub words: &'static [&'static str],
    /// Group 1 is the secret; the whole match where there is no group.
    regex: &'static str,
    check: Check,
    made: OnceLock<Regex>,
}

/// What is asked of a match beyond its form.
enum Check {
    None,
    /// A value that somebody chose or made: no placeholder, no plain word.
    Chosen,
    /// The same, and as mixed as random text (bits a character at least).
    Random(f64),
}

const fn rule(kind: &'static str, words: &'static [&'static str], regex: &'static str) -> Rule {
    checked(kind, words, regex, Check::None)
}

const fn checked(
    kind: &'static str,
    words: &'static [&'static str],
    regex: &'static str,
    check: Check,
) -> Rule {
    Rule {
        kind,
        words,
        regex,
        check,
        made: OnceLock::new(),
    }
}

pub(crate) static RULES: [Rule; 69] = [
    // Keys in armour.
    rule(
        "private-key",
        &["PRIVATE KEY"],
        r"(?s)-----BEGIN (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----(.*?)(?:-----END (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    rule(
        "private-key",
        &["PuTTY-User-Key"],
        r"(?s)PuTTY-User-Key-File-\d:.*?Private-Lines: \d+\s+(.*?)(?:Private-MAC|\z)",
    ),
    rule(
        "age-key",
        &["AGE-SECRET-KEY-"],
        r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}",
    ),
    // Model vendors.
    rule(
        "anthropic-key",
        &["sk-ant-"],
        r"\bsk-ant-[A-Za-z0-9_-]{24,}",
    ),
    checked(
        "openai-key",
        &["sk-"],
        r"\bsk-(?:proj-|svcacct-|admin-|None-)?[A-Za-z0-9_-]{24,}",
        Check::Random(3.2),
    ),
    rule("google-key", &["AIza"], r"\bAIza[0-9A-Za-z_-]{35}"),
    rule("google-token", &["ya29."], r"\bya29\.[0-9A-Za-z_-]{30,}"),
    rule("google-oauth", &["GOCSPX-"], r"\bGOCSPX-[0-9A-Za-z_-]{28}"),
    rule("huggingface-token", &["hf_"], r"\bhf_[A-Za-z0-9]{34,}"),
    rule("xai-key", &["xai-"], r"\bxai-[A-Za-z0-9]{60,}"),
    rule("groq-key", &["gsk_"], r"\bgsk_[A-Za-z0-9]{48,}"),
    rule("perplexity-key", &["pplx-"], r"\bpplx-[A-Za-z0-9]{40,}"),
    rule("replicate-token", &["r8_"], r"\br8_[A-Za-z0-9]{37,}"),
    // Clouds.
    rule(
        "aws-key-id",
        &["AKIA", "ASIA", "ABIA", "ACCA"],
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    ),
    checked(
        "aws-secret",
        &["aws", "secretaccesskey"],
        r#"(?i)(?:aws.{0,20}?(?:secret|key)|secretaccesskey)["']?\s*[:=]+>?\s*["']?([A-Za-z0-9/+]{40})\b"#,
        Check::Random(4.0),
    ),
    rule(
        "azure-key",
        &["AccountKey=", "SharedAccessKey="],
        r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,}={0,2})",
    ),
    rule("azure-sas", &["sig="], r"[?&]sig=([A-Za-z0-9%+/]{40,})"),
    rule(
        "digitalocean-token",
        &["dop_v1_", "doo_v1_", "dor_v1_"],
        r"\bdo[opr]_v1_[a-f0-9]{64}",
    ),
    rule(
        "cloudflare-key",
        &["v1.0-"],
        r"\bv1\.0-[a-f0-9]{24}-[a-f0-9]{146}",
    ),
    rule("alibaba-key-id", &["LTAI"], r"\bLTAI[A-Za-z0-9]{17,21}\b"),
    rule("heroku-key", &["HRKU-"], r"\bHRKU-[A-Za-z0-9_-]{36,}"),
    rule(
        "fly-token",
        &["fo1_", "fm2_"],
        r"\b(?:fo1|fm2)_[A-Za-z0-9+/=_-]{40,}",
    ),
    rule("supabase-token", &["sbp_"], r"\bsbp_[a-f0-9]{40}"),
    rule(
        "planetscale-token",
        &["pscale_"],
        r"\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,}",
    ),
    rule("databricks-token", &["dapi"], r"\bdapi[a-f0-9]{32}\b"),
    // Code hosts and registries.
    rule(
        "github-token",
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        r"\bgh[pousr]_[A-Za-z0-9]{36,}",
    ),
    rule(
        "github-token",
        &["github_pat_"],
        r"\bgithub_pat_[A-Za-z0-9_]{60,}",
    ),
    rule(
        "gitlab-token",
        &["glpat-", "gldt-", "glrt-", "glptt-", "glsoat-"],
        r"\bgl(?:pat|dt|rt|ptt|soat)-[A-Za-z0-9_-]{20,}",
    ),
    rule(
        "bitbucket-token",
        &["ATBB", "ATCTT3"],
        r"\b(?:ATBB[A-Za-z0-9]{28,}|ATCTT3[A-Za-z0-9_=-]{50,})",
    ),
    rule("npm-token", &["npm_"], r"\bnpm_[A-Za-z0-9]{36}"),
    rule(
        "npm-token",
        &["_authToken"],
        r"_authToken\s*=\s*([^\s$][^\s]{7,})",
    ),
    rule("pypi-token", &["pypi-"], r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    checked(
        "crates-token",
        &["cio"],
        r"\bcio[A-Za-z0-9]{32}\b",
        Check::Random(3.5),
    ),
    rule("rubygems-key", &["rubygems_"], r"\brubygems_[a-f0-9]{48}"),
    rule(
        "docker-token",
        &["dckr_pat_"],
        r"\bdckr_pat_[A-Za-z0-9_-]{27,}",
    ),
    rule(
        "docker-login",
        &["\"auth\""],
        r#""auth"\s*:\s*"([A-Za-z0-9+/]{16,}={0,2})""#,
    ),
    // Services.
    rule("slack-token", &["xox"], r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    rule("slack-token", &["xapp-"], r"\bxapp-\d-[A-Za-z0-9-]{20,}"),
    rule(
        "slack-webhook",
        &["hooks.slack.com"],
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,})",
    ),
    rule(
        "discord-webhook",
        &["/api/webhooks/"],
        r"discord(?:app)?\.com/api/webhooks/(\d+/[A-Za-z0-9_-]{60,})",
    ),
    rule(
        "telegram-token",
        &[":AA"],
        r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b",
    ),
    rule(
        "stripe-key",
        &["_live_", "_test_"],
        r"\b[srp]k_(?:live|test)_[A-Za-z0-9]{20,}",
    ),
    rule("stripe-key", &["whsec_"], r"\bwhsec_[A-Za-z0-9+/=]{24,}"),
    rule(
        "square-token",
        &["sq0", "EAAA"],
        r"\b(?:sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}|EAAA[A-Za-z0-9_-]{60})",
    ),
    rule(
        "shopify-token",
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    ),
    rule("twilio-key", &["SK"], r"\bSK[0-9a-f]{32}\b"),
    rule(
        "sendgrid-key",
        &["SG."],
        r"\bSG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}",
    ),
    rule("mailgun-key", &["key-"], r"\bkey-[0-9a-f]{32}\b"),
    rule("mailchimp-key", &["-us"], r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    rule(
        "atlassian-token",
        &["ATATT3"],
        r"\bATATT3[A-Za-z0-9_=-]{60,}",
    ),
    rule(
        "linear-key",
        &["lin_api_", "lin_oauth_"],
        r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}",
    ),
    rule("notion-token", &["ntn_"], r"\bntn_[A-Za-z0-9]{40,}"),
    rule("figma-token", &["figd_"], r"\bfigd_[A-Za-z0-9_-]{40,}"),
    rule(
        "postman-key",
        &["PMAK-"],
        r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}",
    ),
    rule("newrelic-key", &["NRAK-"], r"\bNRAK-[A-Z0-9]{27}"),
    rule(
        "grafana-token",
        &["glsa_", "glc_"],
        r"\b(?:glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|glc_[A-Za-z0-9+/]{32,}={0,2})",
    ),
    rule(
        "sentry-token",
        &["sntrys_", "sntryu_"],
        r"\bsntry(?:s_[A-Za-z0-9+/=_]{50,}|u_[a-f0-9]{64})",
    ),
    rule(
        "vault-token",
        &["hvs.", "hvb."],
        r"\bhv[sb]\.[A-Za-z0-9_-]{24,}",
    ),
    rule(
        "terraform-token",
        &[".atlasv1."],
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}",
    ),
    rule(
        "doppler-token",
        &["dp.pt.", "dp.st."],
        r"\bdp\.(?:pt|st|sa|ct)\.[A-Za-z0-9_.-]{40,}",
    ),
    rule(
        "1password-token",
        &["ops_ey"],
        r"\bops_eyJ[A-Za-z0-9+/=_-]{100,}",
    ),
    rule(
        "tailscale-key",
        &["tskey-"],
        r"\btskey-[a-z]+-[A-Za-z0-9]+-[A-Za-z0-9]{20,}",
    ),
    // Forms that many share.
    rule(
        "jwt",
        &["eyJ"],
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    ),
    checked(
        "url-password",
        &["://"],
        r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@'\x22<>{}]*:([^\s/@'\x22<>]{3,})@",
        Check::Chosen,
    ),
    checked(
        "authorization",
        &["authorization", "bearer "],
        r#"(?i)\b(?:authorization["']?\s*[:=]\s*["']?\s*(?:basic|bearer|token)|bearer)\s+([A-Za-z0-9._~+/-]{16,}={0,2})"#,
        Check::Random(3.0),
    ),
    // A literal that is assigned to a name which says what it is.
    checked(
        "password",
        &["passw", "pwd", "passphrase"],
        r#"(?i)\b[\w.-]*(?:passwd|password|passphrase|pwd)[\w-]*["']?\s*(?::=|=>|[:=])\s*["']([^"'\s]{8,})["']"#,
        Check::Chosen,
    ),
    checked(
        "secret",
        &["secret", "token", "key", "credential"],
        r#"(?i)\b[\w.-]*(?:secret|token|api_?key|apikey|access_?key|auth_?key|private_?key|encryption_?key|signing_?key|credential)s?[\w-]*["']?\s*(?::=|=>|[:=])\s*["']([A-Za-z0-9+/=_.~!@#$%^&*-]{16,})["']"#,
        Check::Random(3.5),
    ),
    // The same in files without quotes: whole lines in capitals, and INI.
    checked(
        "secret",
        &["secret", "token", "key", "passw", "pwd"],
        r"(?m)^[ \t]*(?:export[ \t]+|ENV[ \t]+)?(?:[A-Z][A-Z0-9_]*)?(?:SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|PASSWORD|PASSWD|PWD)[A-Z0-9_]*[ \t]*=[ \t]*([^\s'\x22$<{(\[][^\s'\x22]{7,})[ \t]*$",
        Check::Chosen,
    ),
    checked(
        "secret",
        &["aws_", "_secret", "_token", "passw"],
        r"(?m)^[ \t]*(?:aws_secret_access_key|aws_session_token|client_secret|auth_token|access_token|refresh_token|password)[ \t]*=[ \t]*([^\s'\x22$<{(\[][^\s'\x22]{7,})[ \t]*$",
        Check::Chosen,
    ),
];

impl Rule {
    pub fn regex(&self) -> &Regex {
        self.made.get_or_init(|| pattern(self.regex))
    }

    pub fn accepts(&self, secret: &str) -> bool {
        match self.check {
            Check::None => true,
            Check::Chosen => !is_placeholder(secret),
            Check::Random(bits) => !is_placeholder(secret) && is_random(secret, bits),
        }
    }
}

/// As nobody would write by hand.
pub(crate) fn looks_random(text: &str) -> bool {
    is_random(text, 3.0)
}

fn is_random(text: &str, bits: f64) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && bits_a_character(text) >= bits
}

/// What people write where a secret would stand.
pub(crate) fn is_placeholder(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "your-",
        "your_",
        "yourpass",
        "xxxx",
        "****",
        "....",
        "redacted",
        "dummy",
        "process.env",
        "os.environ",
        "getenv",
        "env!(",
        "secrets.",
        "vault:",
        "<",
        "${",
        "{{",
        "%(",
        "password",
        "not-a-secret",
    ];
    let lower = text.to_ascii_lowercase();
    let first = lower.bytes().next();
    WORDS.iter().any(|word| lower.contains(word))
        || text.starts_with('$')
        || lower.bytes().all(|byte| Some(byte) == first)
}

/// Shannon's measure over the characters of the text.
fn bits_a_character(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let whole = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / whole;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one_and_every_kind_fits_a_mark() {
        for rule in &RULES {
            rule.regex();
            assert!(!rule.words.is_empty());
            assert!(
                rule.kind
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
                "{}",
                rule.kind
            );
        }
    }
}
