mod against_bash;
mod reaching;
mod rules;
mod verdicts;
