//! Averages, and how they are printed.

use std::collections::BTreeSet;

/// One question asked in one way.
pub struct Row {
    pub way: &'static str,
    pub ndcg: f64,
    pub recall: f64,
    /// NDCG@10 of the hits alone, without the places that are named with them.
    pub first: f64,
    /// NDCG@10 of the files alone.
    pub by_file: f64,
    /// How long the answer took.
    pub ms: f64,
    pub kind: String,
    pub half: String,
    pub language: String,
}

pub struct Figures<'r> {
    rows: &'r [Row],
}

const COMPARED: [&str; 4] = ["grep", "BM25", "vectors", "hybrid"];

impl<'r> Figures<'r> {
    pub fn of(rows: &'r [Row]) -> Self {
        Self { rows }
    }

    pub fn print(&self) {
        println!("\n{:<26}{:>5}  NDCG@10 (recall@10)", "", "n");
        print!("{:<26}{:>5}", "", "");
        COMPARED.iter().for_each(|way| print!("{way:>16}"));
        println!();
        self.compare("all", |_| true);
        for half in ["tune", "held"] {
            self.compare(half, |row| row.half == half);
        }
        for kind in self.distinct(|row| &row.kind) {
            self.compare(&kind, |row| row.kind == kind);
            self.compare(&format!("  held {kind}"), |row| {
                row.kind == kind && row.half == "held"
            });
        }
        for language in self.distinct(|row| &row.language) {
            self.compare(&language, |row| row.language == language);
        }
        println!("\nNDCG@10 of the first place of each result alone");
        for half in ["", "tune", "held"] {
            self.other(half, |row| row.first);
        }
        println!("\nNDCG@10 of files alone, whatever stands in them");
        for half in ["", "tune", "held"] {
            self.other(half, |row| row.by_file);
        }
        println!(
            "\nms an answer, half of them and 95 of 100 within (in this build, beside other work)"
        );
        for way in ["BM25", "vectors", "without order", "hybrid"] {
            self.time(way);
        }
        println!("\nWhat each stage is worth: NDCG@10 without it (difference)");
        println!("{:<26}{:>18}{:>18}{:>18}", "", "all", "tune", "held");
        let ways = self
            .rows
            .iter()
            .map(|row| row.way)
            .filter(|way| way.starts_with("without"));
        let mut seen = BTreeSet::new();
        self.stage("hybrid");
        for way in ways.filter(|way| seen.insert(*way)).collect::<Vec<_>>() {
            self.stage(way);
        }
    }

    fn stage(&self, way: &str) {
        print!("{way:<26}");
        for half in ["", "tune", "held"] {
            let within = |row: &Row| half.is_empty() || row.half == half;
            let (own, _) = self.mean(way, within);
            let (whole, _) = self.mean("hybrid", within);
            print!("{:>18}", format!("{own:.3} ({:+.3})", own - whole));
        }
        println!();
    }

    fn compare(&self, name: &str, within: impl Fn(&Row) -> bool + Copy) {
        let count = self
            .rows
            .iter()
            .filter(|row| row.way == "hybrid" && within(row))
            .count();
        print!("{name:<26}{count:>5}");
        for way in COMPARED {
            let (ndcg, recall) = self.mean(way, within);
            print!("{:>16}", format!("{ndcg:.3} ({recall:.2})"));
        }
        println!();
    }

    fn other(&self, half: &str, figure: impl Fn(&Row) -> f64) {
        let within = |row: &&Row| half.is_empty() || row.half == half;
        print!("{:<31}", if half.is_empty() { "all" } else { half });
        for way in COMPARED {
            let rows = self.rows.iter().filter(within).filter(|row| row.way == way);
            let figures: Vec<f64> = rows.map(&figure).collect();
            let mean = figures.iter().sum::<f64>() / (figures.len() as f64).max(1.0);
            print!("{:>16}", format!("{mean:.3}"));
        }
        println!();
    }

    fn time(&self, way: &str) {
        let rows = self.rows.iter().filter(|row| row.way == way);
        let mut times: Vec<f64> = rows.map(|row| row.ms).collect();
        times.sort_by(f64::total_cmp);
        let within = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(0.0);
        println!("{way:<26}{:>10.1}{:>10.1}", within(50), within(95));
    }

    fn mean(&self, way: &str, within: impl Fn(&Row) -> bool) -> (f64, f64) {
        let (mut ndcg, mut recall, mut count) = (0.0, 0.0, 0.0_f64);
        for row in self.rows.iter().filter(|row| row.way == way && within(row)) {
            ndcg += row.ndcg;
            recall += row.recall;
            count += 1.0;
        }
        (ndcg / count.max(1.0), recall / count.max(1.0))
    }

    fn distinct(&self, of: impl Fn(&Row) -> &String) -> BTreeSet<String> {
        self.rows.iter().map(|row| of(row).clone()).collect()
    }
}
