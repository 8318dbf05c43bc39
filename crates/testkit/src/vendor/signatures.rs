//! Thoughts that models have signed: they come back as they were sent, on what they were sent
//! with, to the model that signed them, or not at all.

use std::collections::HashMap;

use super::check::Signed;
use crate::transcript::{Entry, Transcript};

/// What was signed, by signature.
#[derive(Default)]
pub(super) struct Signatures {
    /// Signature → model and the thought.
    sent: HashMap<String, (String, Option<String>)>,
    /// Call → its signature and model.
    of_call: HashMap<String, (String, String)>,
}

impl Signatures {
    pub fn remember(&mut self, model: &str, signed: &[Signed]) {
        for one in signed {
            let thought = (model.to_owned(), one.text.clone());
            self.sent.insert(one.signature.clone(), thought);
            if let Some(call) = &one.call {
                let of = (one.signature.clone(), model.to_owned());
                self.of_call.insert(call.clone(), of);
            }
        }
    }

    pub fn check(&self, transcript: &Transcript, signed: &[Signed], violations: &mut Vec<String>) {
        for one in signed {
            match self.sent.get(&one.signature) {
                None => violations.push(format!(
                    "Thought signature is not valid: {:?} was never sent",
                    one.signature
                )),
                Some((model, _)) if *model != transcript.model => violations.push(format!(
                    "Thought signature is not valid: {} was signed by {model}",
                    one.signature
                )),
                Some((_, text)) if *text != one.text => violations.push(format!(
                    "the thought signed with {} came back changed",
                    one.signature
                )),
                Some(_) => {}
            }
        }
        for entry in &transcript.entries {
            let Entry::Call { id, .. } = entry else {
                continue;
            };
            let Some((signature, model)) = self.of_call.get(id) else {
                continue;
            };
            let came = signed
                .iter()
                .any(|one| one.signature == *signature && one.call.as_ref() == Some(id));
            if *model == transcript.model && !came {
                violations.push(format!("the call {id} came back without its signature"));
            }
        }
    }
}
