//! What tests stand on: models that say what they are told and check what they are asked, over
//! real HTTP ([`FakeVendor`]) or in the process ([`ScriptedModel`]); projects that vanish
//! ([`TempProject`]); an engine in a temporary data directory ([`TestEngine`]).
//!
//! Both fakes refuse what the real services refuse, and more: a call without its output, an
//! output without its call, a history that is not the previous one plus something, a reasoning
//! item that did not come back verbatim, a schema that no service accepts. How a script is
//! written stands in [`script`]; how the program `fake-vendor` is used, in [`vendor`].

pub mod day;
pub mod engine;
pub mod model;
pub mod project;
pub mod script;
pub mod transcript;
pub mod vendor;

pub use engine::{Collector, TestEngine};
pub use model::{ScriptedModel, ScriptedModels};
pub use project::{TempProject, tree_of};
pub use script::{Fault, Place, Reply, Script, ScriptedCall, TextStyle, When};
pub use transcript::{Entry, Transcript};
pub use vendor::{Aside, FakeVendor, Seen};
