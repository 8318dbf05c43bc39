mod against_bash;
mod rules;
mod verdicts;
