//! Permission rules: saved ones, the project's file, and what they would have done in the past.

mod past;

use std::path::Path;

use mira_policy::{BLOCK_LIST, Context, Rules, Source, file};
use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::project::Project;
use mira_protocol::rule::{
    BlockEntry, ExportRules, ExportedRules, FileRule, ImportRules, ImportedRules, JudgedBy,
    Judgement, ListRules, PreviewRule, Rule, RuleAction, RuleDraft, RuleFile, RuleFormat, RuleList,
    RuleOrigin, RulePreview, RuleRef, RuleTest, SaveRule, TestRule,
};
use mira_protocol::sudo::{ListSudo, Severity, SudoBlock, SudoMatch};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, ProjectId, RuleId, Topic};
use mira_store::Store;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::projects::Projects;
use crate::trust::{Standing, Trusts};
pub use past::paths_of;

/// A project's own rules, relative to it.
pub const FILE: &str = ".mira/rules.toml";
/// Past calls that a preview looks at.
const PAST_CALLS: u32 = 5_000;
const SAMPLES: u32 = 20;

/// Cheap to clone.
#[derive(Clone)]
pub struct Permissions {
    store: Store,
    events: EventLog,
    projects: Projects,
    trusts: Trusts,
}

/// The rules that count in a project now.
pub struct InForce {
    pub rules: Rules,
    /// Why the project's file cannot be read; then everything but looking is asked about.
    pub broken_file: Option<String>,
    pub blocks: BlockList,
}

/// The block list as the person has set it: one for all commands.
#[derive(Debug, Clone, Default)]
pub struct BlockList(pub Vec<SudoBlock>);

impl BlockList {
    /// What is on, Mira's own entries first.
    fn shown(&self) -> Vec<BlockEntry> {
        let entry = |name: &str, description: &str, severity: &str| BlockEntry {
            name: name.to_owned(),
            description: description.to_owned(),
            severity: severity.to_owned(),
        };
        let own = self
            .0
            .iter()
            .filter(|one| one.enabled && !matches!(one.matches, SudoMatch::Builtin(_)));
        BLOCK_LIST
            .iter()
            .filter(|block| mira_policy::Blocks::counts(self, block.name))
            .map(|block| entry(block.name, block.description, block.severity))
            .chain(own.map(|one| entry(&one.name, &one.description, severity(one.severity))))
            .collect()
    }
}

fn severity(of: Severity) -> &'static str {
    match of {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

impl mira_policy::Blocks for BlockList {
    /// One that is not in the list counts: a table that was emptied must not open everything.
    fn counts(&self, name: &str) -> bool {
        let builtin = SudoMatch::Builtin(name.to_owned());
        let known = self.0.iter().find(|one| one.matches == builtin);
        known.is_none_or(|one| one.enabled)
    }

    fn own(&self, argv: &[String]) -> Option<(String, String)> {
        let entry = crate::sudo::own_block(&self.0, argv)?;
        let why = match entry.description.is_empty() {
            true => format!("the entry {:?} of your block list has it", entry.name),
            false => entry.description.clone(),
        };
        Some((entry.name.clone(), why))
    }
}

impl Permissions {
    pub fn new(store: Store, events: EventLog, projects: Projects, trusts: Trusts) -> Self {
        Self {
            store,
            events,
            projects,
            trusts,
        }
    }

    /// Everything that counts in a project.
    pub async fn in_force(
        &self,
        project: &Project,
        standing: &Standing,
    ) -> Result<InForce, Failure> {
        let saved = self.saved(Some(&project.id)).await?;
        Ok(with(
            &saved,
            self.blocks().await?,
            Some(standing),
            &[],
            None,
        ))
    }

    async fn blocks(&self) -> Result<BlockList, Failure> {
        let blocks = self
            .store
            .sudo_blocklist(&ListSudo::default())
            .await
            .map_err(from_store)?;
        Ok(BlockList(blocks))
    }

    async fn saved(&self, project: Option<&ProjectId>) -> Result<Vec<Rule>, Failure> {
        self.store.rules(project, false).await.map_err(from_store)
    }

    pub async fn list(&self, request: ListRules) -> Result<RuleList, Failure> {
        let project = match &request.project_id {
            Some(id) => Some(self.projects.get_by_id(id).await?),
            None => None,
        };
        let mut rules = self
            .store
            .rules(request.project_id.as_ref(), request.removed)
            .await
            .map_err(from_store)?;
        rules.iter_mut().for_each(name);
        if let Some(part) = request.search.as_deref().map(str::to_lowercase) {
            rules.retain(|rule| {
                rule.text.to_lowercase().contains(&part)
                    || rule.draft.note.to_lowercase().contains(&part)
            });
        }
        let file = match &project {
            Some(project) => self.file(project).await?,
            None => None,
        };
        let block_list = self.blocks().await?.shown();
        Ok(RuleList {
            rules,
            file,
            block_list,
        })
    }

    async fn file(&self, project: &Project) -> Result<Option<RuleFile>, Failure> {
        let standing = self.trusts.standing(Path::new(&project.path)).await?;
        let Some(read) = read_file(&standing) else {
            return Ok(None);
        };
        let trusted = standing.is_trusted();
        let (drafts, problems) = match read {
            Ok(drafts) => (drafts, vec![]),
            Err(problems) => (vec![], problems),
        };
        Ok(Some(RuleFile {
            path: FILE.to_owned(),
            trusted,
            rules: drafts
                .into_iter()
                .map(|draft| FileRule {
                    text: mira_policy::text(&draft),
                    in_force: trusted || draft.action != RuleAction::Allow,
                    draft,
                })
                .collect(),
            problems,
        }))
    }

    pub async fn save(&self, request: SaveRule) -> Result<Rule, Failure> {
        let draft = checked(&request.rule)?;
        if let Some(id) = &request.project_id {
            self.projects.get_by_id(id).await?;
        }
        let rule = match &request.rule_id {
            Some(id) => {
                let known = self.store.rule(id).await.map_err(from_store)?;
                if known.removed_at.is_some() {
                    return Err(Failure::new(Code::Conflict, "This rule was removed.")
                        .hint("Restore it first."));
                }
                Rule {
                    project_id: request.project_id,
                    draft,
                    ..known
                }
            }
            None => fresh(request.project_id, draft, RuleOrigin::Person),
        };
        self.write(std::slice::from_ref(&rule)).await?;
        self.one(&rule.id).await
    }

    /// What "always" on a question saves.
    pub async fn remember(&self, project: &ProjectId, drafts: &[RuleDraft]) -> Result<(), Failure> {
        let rules: Vec<Rule> = drafts
            .iter()
            .map(|draft| fresh(Some(project.clone()), draft.clone(), RuleOrigin::Always))
            .collect();
        self.write(&rules).await
    }

    async fn write(&self, rules: &[Rule]) -> Result<(), Failure> {
        self.store.save_rules(rules).await.map_err(from_store)?;
        self.events.topic(Topic::Rules);
        Ok(())
    }

    async fn one(&self, id: &RuleId) -> Result<Rule, Failure> {
        let mut rule = self.store.rule(id).await.map_err(from_store)?;
        name(&mut rule);
        Ok(rule)
    }

    pub async fn remove(&self, request: RuleRef) -> Result<Nothing, Failure> {
        self.store
            .set_rule_removed(&request.rule_id, Some(now_ms()))
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Rules);
        Ok(Nothing {})
    }

    pub async fn restore(&self, request: RuleRef) -> Result<Rule, Failure> {
        let rule = self.one(&request.rule_id).await?;
        let twin = self
            .saved(rule.project_id.as_ref())
            .await?
            .into_iter()
            .find(|known| {
                known.project_id == rule.project_id && file::same_subject(&known.draft, &rule.draft)
            });
        if let Some(twin) = twin {
            return Err(Failure::new(
                Code::Conflict,
                format!(
                    "There is a rule for the same by now: `{}`.",
                    mira_policy::text(&twin.draft)
                ),
            )
            .hint("Remove that one first."));
        }
        self.store
            .set_rule_removed(&request.rule_id, None)
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Rules);
        self.one(&request.rule_id).await
    }

    /// Counts the saved rules that a verdict rests on.
    pub async fn note_use(&self, tree: &Judgement) -> Result<(), Failure> {
        let mut ids = Vec::new();
        rules_of(tree, &mut ids);
        for id in &ids {
            self.store
                .use_rule(id, now_ms())
                .await
                .map_err(from_store)?;
        }
        Ok(())
    }

    pub async fn test(&self, request: TestRule) -> Result<RuleTest, Failure> {
        let drafts = request
            .rules
            .iter()
            .map(checked)
            .collect::<Result<Vec<_>, _>>()?;
        let saved = self.saved(request.project_id.as_ref()).await?;
        let blocks = self.blocks().await?;
        let (root, in_force) = match &request.project_id {
            Some(id) => {
                let project = self.projects.get_by_id(id).await?;
                let standing = self.trusts.standing(Path::new(&project.path)).await?;
                (
                    project.path,
                    with(&saved, blocks, Some(&standing), &drafts, None),
                )
            }
            None => (
                "/project".to_owned(),
                with(&saved, blocks, None, &drafts, None),
            ),
        };
        past::tested(&request, Path::new(&root), &in_force)
    }

    pub async fn preview(&self, request: PreviewRule) -> Result<RulePreview, Failure> {
        let drafts = request
            .rules
            .iter()
            .map(checked)
            .collect::<Result<Vec<_>, _>>()?;
        if drafts.is_empty() {
            return Err(Failure::new(Code::BadParams, "There is no rule to try."));
        }
        let calls = self
            .store
            .past_tool_calls(request.project_id.as_ref(), PAST_CALLS)
            .await
            .map_err(from_store)?;
        let saved = self.saved(request.project_id.as_ref()).await?;
        let roots = self.projects.list().await?.projects;
        let project = match &request.project_id {
            Some(id) => Some(self.projects.get_by_id(id).await?),
            None => None,
        };
        let standing = match &project {
            Some(project) => Some(self.trusts.standing(Path::new(&project.path)).await?),
            None => None,
        };
        let blocks = self.blocks().await?;
        let before = with(&saved, blocks.clone(), standing.as_ref(), &[], None);
        let after = with(
            &saved,
            blocks,
            standing.as_ref(),
            &drafts,
            request.replaces.as_ref(),
        );
        let limit = request.limit.unwrap_or(SAMPLES).clamp(1, 500) as usize;
        let (alone, _) = Rules::compile(
            drafts
                .iter()
                .map(|draft| (Source::Project { id: None }, draft)),
        );
        let root_of = |id: Option<&ProjectId>| {
            roots
                .iter()
                .find(|project| Some(&project.id) == id)
                .map_or("/project", |project| project.path.as_str())
                .to_owned()
        };
        Ok(past::preview(
            calls, &root_of, &before, &after, &alone, drafts, limit,
        ))
    }

    pub async fn export(&self, request: ExportRules) -> Result<ExportedRules, Failure> {
        let mut drafts: Vec<RuleDraft> = self
            .saved(request.project_id.as_ref())
            .await?
            .into_iter()
            .filter(|rule| rule.project_id == request.project_id)
            .map(|rule| rule.draft)
            .collect();
        drafts.reverse();
        let text = file::print(&drafts, request.format);
        let heading = match (request.format, &request.project_id) {
            (RuleFormat::Json, _) => String::new(),
            (RuleFormat::Toml, Some(_)) => format!("# Permission rules of this project.\n{HOW_TO}"),
            (RuleFormat::Toml, None) => format!("# Permission rules of every project.\n{HOW_TO}"),
        };
        Ok(ExportedRules {
            text: heading + &text,
            rules: drafts.len() as u32,
        })
    }

    /// Takes over a file of rules, whole or not at all.
    pub async fn import(&self, request: ImportRules) -> Result<ImportedRules, Failure> {
        let drafts = file::parse(&request.text, request.format).map_err(|faults| {
            Failure::new(
                Code::BadParams,
                format!("The rules were not taken over: {}", faults.join(" ")),
            )
            .hint("Nothing was changed. Mend the file and import it again.")
            .detail(faults.join("\n"))
        })?;
        if let Some(id) = &request.project_id {
            self.projects.get_by_id(id).await?;
        }
        let known: Vec<Rule> = self
            .saved(request.project_id.as_ref())
            .await?
            .into_iter()
            .filter(|rule| rule.project_id == request.project_id)
            .collect();
        let new: Vec<RuleDraft> = drafts
            .iter()
            .filter(|draft| known.iter().all(|rule| rule.draft != **draft))
            .cloned()
            .collect();
        let gone: Vec<&Rule> = known
            .iter()
            .filter(|rule| {
                let same = drafts
                    .iter()
                    .any(|draft| file::same_subject(draft, &rule.draft));
                request.replace && !same
            })
            .collect();
        let report = ImportedRules {
            added: new.iter().map(mira_policy::text).collect(),
            removed: gone
                .iter()
                .map(|rule| mira_policy::text(&rule.draft))
                .collect(),
            unchanged: (drafts.len() - new.len()) as u32,
        };
        if request.dry_run {
            return Ok(report);
        }
        let rules: Vec<Rule> = new
            .into_iter()
            .map(|draft| fresh(request.project_id.clone(), draft, RuleOrigin::Import))
            .collect();
        self.write(&rules).await?;
        for rule in gone {
            self.store
                .set_rule_removed(&rule.id, Some(now_ms()))
                .await
                .map_err(from_store)?;
        }
        self.events.topic(Topic::Rules);
        Ok(report)
    }
}

/// What stands at the head of an exported file.
const HOW_TO: &str = "\
# Each rule: action = \"allow\", \"ask\" or \"deny\", and one of
#   command = \"cargo test **\"   word by word; * is any part of a word, ** any number of words
#   line    = \"make && ./run\"   one whole shell line
#   read    = \"secrets/**\"      write = \"build/**\"      paths, ~/ is the home folder
#   host    = \"*.example.com\"   tool  = \"mcp__*\"
# folder = \"web\" limits a command or line to one folder of the project; note = \"why\".
# The most specific rule counts; between equals deny beats ask beats allow.

";

fn checked(draft: &RuleDraft) -> Result<RuleDraft, Failure> {
    mira_policy::check(draft).map_err(|fault| {
        Failure::new(Code::BadParams, fault).hint("The rule was not saved; docs/RULES.md has more.")
    })
}

fn fresh(project_id: Option<ProjectId>, draft: RuleDraft, origin: RuleOrigin) -> Rule {
    Rule {
        id: RuleId::new(),
        project_id,
        text: mira_policy::text(&draft),
        draft,
        origin,
        created_at: now_ms(),
        last_used_at: None,
        use_count: 0,
        removed_at: None,
    }
}

fn name(rule: &mut Rule) {
    rule.text = mira_policy::text(&rule.draft);
}

/// The project's file: None where there is none.
fn read_file(standing: &Standing) -> Option<Result<Vec<RuleDraft>, Vec<String>>> {
    let item = standing
        .brought
        .items
        .iter()
        .find(|item| item.path == FILE)?;
    if let Some(problem) = &item.problem {
        return Some(Err(vec![format!("{FILE}: {problem}.")]));
    }
    match standing.text(FILE) {
        Some(text) => Some(file::parse(text, RuleFormat::Toml)),
        None => Some(Err(vec![format!("{FILE} is no UTF-8 text.")])),
    }
}

/// Saved rules, those of the project's file, and some to try, without one to leave out.
fn with(
    saved: &[Rule],
    blocks: BlockList,
    standing: Option<&Standing>,
    tried: &[RuleDraft],
    without: Option<&RuleId>,
) -> InForce {
    let source = |rule: &Rule| {
        let id = Some(rule.id.clone());
        match rule.project_id {
            Some(_) => Source::Project { id },
            None => Source::User { id },
        }
    };
    let mut drafts: Vec<(Source, &RuleDraft)> = saved
        .iter()
        .filter(|rule| Some(&rule.id) != without)
        .filter(|rule| {
            !tried
                .iter()
                .any(|draft| file::same_subject(draft, &rule.draft))
        })
        .map(|rule| (source(rule), &rule.draft))
        .collect();
    drafts.extend(
        tried
            .iter()
            .map(|draft| (Source::Project { id: None }, draft)),
    );
    let read = standing.and_then(|standing| Some((standing.is_trusted(), read_file(standing)?)));
    let (mut broken_file, mut of_file) = (None, Vec::new());
    match &read {
        None => {}
        Some((trusted, Ok(rules))) => {
            let trusted = *trusted;
            of_file.extend(rules.iter().map(|draft| (Source::File { trusted }, draft)));
        }
        Some((_, Err(faults))) => broken_file = faults.first().cloned(),
    }
    drafts.extend(of_file);
    let (rules, problems) = Rules::compile(drafts);
    for problem in problems {
        tracing::warn!(problem, "a saved rule could not be read");
    }
    InForce {
        rules,
        broken_file,
        blocks,
    }
}

/// Why what would go is asked about all the same: nobody knows what the folder's rules or hooks
/// would say.
pub fn doubt(in_force: &InForce, standing: &Standing) -> Option<String> {
    if let Some(problem) = &in_force.broken_file {
        return Some(format!("the project's rules cannot be read: {problem}"));
    }
    standing.lost_hooks().then(|| {
        "what this folder brings has changed since you trusted it, so its hooks do not run"
            .to_owned()
    })
}

fn rules_of(tree: &Judgement, ids: &mut Vec<RuleId>) {
    if let JudgedBy::Rule {
        rule_id: Some(id), ..
    } = &tree.by
        && !ids.contains(id)
    {
        ids.push(id.clone());
    }
    tree.parts.iter().for_each(|part| rules_of(part, ids));
}

/// Where somebody can be asked, in the project.
fn context<'a>(
    root: &'a Path,
    home: Option<&'a Path>,
    rules: &'a Rules,
    blocks: &'a BlockList,
) -> Context<'a> {
    Context {
        access: Access::Project,
        approve: ApproveMode::Ask,
        root,
        home,
        rules,
        tool: None,
        blocks,
    }
}
