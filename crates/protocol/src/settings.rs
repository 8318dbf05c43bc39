//! Settings, each with where its value comes from.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SettingList {
    pub settings: Vec<Setting>,
    pub config_file: String,
    pub data_dir: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Setting {
    /// The environment's name: one name everywhere.
    pub name: String,
    /// As text; secrets never appear here.
    pub value: String,
    pub default: String,
    /// "flag", "environment", "settings", "config.toml", "default"
    pub source: String,
    /// One sentence, with the unit.
    pub doc: String,
    /// What is legal: "true | false", "1..=65535", "URL", …
    pub legal: String,
    /// It can be changed here (flag and environment win over what is saved here).
    pub editable: bool,
}

/// `value: null` goes back to the next lower source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SetSetting {
    pub name: String,
    pub value: Option<String>,
}
