//! Which caps count for a call, and how they are set and raised.

use mira_protocol::budget::{CapKey, CapList, CapPeriod, RaiseCap, SetCap};
use mira_protocol::settings::SetSetting;
use mira_protocol::{Code, Failure, MicroUsd, OperationId, SessionId};
use mira_store::{local_day, month_of};

use super::{Ask, Budget};
use crate::clock::now_ms;
use crate::failure::from_store;
use crate::settings::{Settings, Source, show_dollars};

/// A cap that counts for a call, over its window.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AppliedCap {
    pub key: CapKey,
    pub window: Window,
    pub limit: MicroUsd,
    /// The setting's name, "project", or "--max-cost".
    pub source: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Window {
    /// The cap of operations or sessions in general.
    None,
    Operation(OperationId),
    Session(SessionId),
    /// "2026-11-26" or "2026-11"
    Period(String),
}

pub(super) const MAX_COST: &str = "--max-cost";

/// The setting that holds a cap over everything.
pub(super) fn setting_of(period: CapPeriod) -> &'static str {
    match period {
        CapPeriod::Operation => "BUDGET_OPERATION_LIMIT_USD",
        CapPeriod::Session => "BUDGET_SESSION_LIMIT_USD",
        CapPeriod::Day => "BUDGET_DAILY_LIMIT_USD",
        CapPeriod::Month => "BUDGET_MONTHLY_LIMIT_USD",
    }
}

fn of_everything(settings: &Settings) -> impl Iterator<Item = (CapPeriod, MicroUsd)> + '_ {
    [
        (
            CapPeriod::Operation,
            settings.budget_operation_limit_micro_usd,
        ),
        (CapPeriod::Session, settings.budget_session_limit_micro_usd),
        (CapPeriod::Day, settings.budget_daily_limit_micro_usd),
        (CapPeriod::Month, settings.budget_monthly_limit_micro_usd),
    ]
    .into_iter()
    .filter_map(|(period, limit)| Some((period, limit?)))
}

impl Budget {
    /// The caps that count for a call on a day.
    pub(super) async fn caps_on(&self, ask: &Ask, day: &str) -> Result<Vec<AppliedCap>, Failure> {
        let window = |period| match period {
            CapPeriod::Operation => ask.operation.clone().map(Window::Operation),
            CapPeriod::Session => ask.session.clone().map(Window::Session),
            CapPeriod::Day => Some(Window::Period(day.to_owned())),
            CapPeriod::Month => Some(Window::Period(month_of(day).to_owned())),
        };
        let mut caps: Vec<AppliedCap> = of_everything(&self.settings.current())
            .filter_map(|(period, limit)| {
                Some(AppliedCap {
                    key: CapKey {
                        period,
                        project_id: None,
                    },
                    window: window(period)?,
                    limit,
                    source: setting_of(period).to_owned(),
                })
            })
            .collect();
        if let (Some(limit), Some(operation)) = (ask.max_cost, &ask.operation) {
            caps.push(AppliedCap {
                key: CapKey {
                    period: CapPeriod::Operation,
                    project_id: None,
                },
                window: Window::Operation(operation.clone()),
                limit,
                source: MAX_COST.to_owned(),
            });
        }
        if ask.project.is_some() {
            for (key, limit) in self.store.project_caps().await.map_err(from_store)? {
                if key.project_id == ask.project
                    && let Some(window) = window(key.period)
                {
                    caps.push(AppliedCap {
                        key,
                        window,
                        limit,
                        source: "project".to_owned(),
                    });
                }
            }
        }
        Ok(caps)
    }

    /// Every cap where it stands today; those of operations and sessions without a window.
    pub async fn caps(&self) -> Result<CapList, Failure> {
        let day = local_day(now_ms());
        let window = |period| match period {
            CapPeriod::Operation | CapPeriod::Session => Window::None,
            CapPeriod::Day => Window::Period(day.clone()),
            CapPeriod::Month => Window::Period(month_of(&day).to_owned()),
        };
        let mut applied: Vec<AppliedCap> = of_everything(&self.settings.current())
            .map(|(period, limit)| AppliedCap {
                key: CapKey {
                    period,
                    project_id: None,
                },
                window: window(period),
                limit,
                source: setting_of(period).to_owned(),
            })
            .collect();
        for (key, limit) in self.store.project_caps().await.map_err(from_store)? {
            applied.push(AppliedCap {
                window: window(key.period),
                key,
                limit,
                source: "project".to_owned(),
            });
        }
        let held = self.shared.held.lock().await;
        let mut caps = Vec::with_capacity(applied.len());
        for cap in &applied {
            caps.push(self.state_of(cap, &held).await?);
        }
        Ok(CapList { caps })
    }

    /// Sets or removes a cap for good.
    pub async fn set_cap(&self, request: SetCap) -> Result<CapList, Failure> {
        if request.limit_micro_usd.is_some_and(|limit| limit < 0) {
            return Err(Failure::new(Code::BadParams, "A cap cannot be below zero."));
        }
        match &request.project_id {
            Some(project) => {
                self.store.project(project).await.map_err(from_store)?;
                self.store
                    .set_project_cap(request.period, project, request.limit_micro_usd, now_ms())
                    .await
                    .map_err(from_store)?;
            }
            None => {
                let name = setting_of(request.period);
                let from = self.settings.current().source(name);
                if from > Source::Saved {
                    return Err(fixed(name, from));
                }
                let value = request.limit_micro_usd.map(show_dollars);
                self.settings
                    .set(SetSetting {
                        name: name.to_owned(),
                        // "none" would be the default again where config.toml sets a cap.
                        value: Some(value.unwrap_or_else(|| "none".to_owned())),
                    })
                    .await?;
            }
        }
        self.forget_raises(&CapKey {
            period: request.period,
            project_id: request.project_id,
        })
        .await?;
        self.announce();
        self.caps().await
    }

    /// A setting was changed: where it is a cap, that counts from now on.
    pub async fn note_setting(&self, name: &str) -> Result<(), Failure> {
        for period in [CapPeriod::Day, CapPeriod::Month] {
            if setting_of(period) == name {
                let project_id = None;
                self.forget_raises(&CapKey { period, project_id }).await?;
                self.announce();
            }
        }
        Ok(())
    }

    /// A cap that is set is exactly what was set: what was added to the old one for today or this
    /// month does not count on top of it. (What was added for one operation or session stays.)
    async fn forget_raises(&self, key: &CapKey) -> Result<(), Failure> {
        let day = local_day(now_ms());
        let window = match key.period {
            CapPeriod::Operation | CapPeriod::Session => return Ok(()),
            CapPeriod::Day => day.as_str(),
            CapPeriod::Month => month_of(&day),
        };
        let forgotten = self.store.forget_raises(key, window).await;
        forgotten.map_err(from_store)
    }

    /// There is such a cap. (An operation may have one of its own, from `--max-cost`.)
    async fn is_set(&self, key: &CapKey) -> Result<bool, Failure> {
        Ok(match &key.project_id {
            _ if key.period == CapPeriod::Operation => true,
            None => of_everything(&self.settings.current()).any(|(period, _)| period == key.period),
            Some(_) => {
                let all = self.store.project_caps().await.map_err(from_store)?;
                all.iter().any(|(known, _)| known == key)
            }
        })
    }

    /// Adds to a cap for its current window.
    pub async fn raise(&self, request: RaiseCap) -> Result<CapList, Failure> {
        if request.by_micro_usd <= 0 {
            return Err(Failure::new(
                Code::BadParams,
                "A cap is raised by more than nothing.",
            ));
        }
        let day = local_day(now_ms());
        let named = |id: Option<&str>, what: &str| {
            id.map(str::to_owned).ok_or_else(|| {
                Failure::new(
                    Code::BadParams,
                    format!("The cap of {what}s is raised for one {what}: name it."),
                )
            })
        };
        let window = match request.period {
            CapPeriod::Operation => named(
                request.operation_id.as_ref().map(OperationId::as_str),
                "operation",
            )?,
            CapPeriod::Session => named(
                request.session_id.as_ref().map(SessionId::as_str),
                "session",
            )?,
            CapPeriod::Day => day,
            CapPeriod::Month => month_of(&day).to_owned(),
        };
        let key = CapKey {
            period: request.period,
            project_id: request.project_id,
        };
        if !self.is_set(&key).await? {
            return Err(Failure::new(
                Code::Conflict,
                "No such cap is set, so there is nothing to raise.",
            )
            .hint("`mira budget caps` shows those that are; `mira budget cap` sets one."));
        }
        self.raise_window(&key, &window, request.by_micro_usd)
            .await?;
        self.announce();
        self.caps().await
    }

    pub(super) async fn raise_window(
        &self,
        key: &CapKey,
        window: &str,
        by: MicroUsd,
    ) -> Result<(), Failure> {
        self.store
            .raise_cap(key, window, by, now_ms())
            .await
            .map_err(from_store)
    }
}

fn fixed(name: &str, from: Source) -> Failure {
    let from = match from {
        Source::Flag => "a flag",
        _ => "the environment",
    };
    Failure::new(
        Code::Conflict,
        format!("{name} is set by {from}, which wins over what is saved."),
    )
    .hint("Change it there, or raise the cap for this once.")
}
