//! From samples to the figures that are printed. No measuring here.

use std::time::Duration;

use serde_json::{Value, json};

/// Latencies of one kind of answer.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The latency that `per_cent` of the answers did not exceed, in ms (nearest rank).
    pub(crate) fn percentile(&self, per_cent: usize) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
        sorted.get(rank - 1).map(|took| millis(*took))
    }
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median of each figure of several results of one shape.
pub(crate) fn median_of(results: &[Value]) -> Value {
    let part = |index: &dyn Fn(&Value) -> Value| median_of(&results.iter().map(index).collect::<Vec<_>>());
    match results.first() {
        Some(Value::Object(first)) => first.keys().map(|name| (name, part(&|result| result[name].clone()))).collect(),
        Some(Value::Array(first)) => (0..first.len()).map(|index| part(&|result| result[index].clone())).collect(),
        Some(Value::Number(_)) => json!(median(results.iter().filter_map(Value::as_f64).collect())),
        other => other.cloned().unwrap_or_default(),
    }
}

pub(crate) fn per_second(count: usize, window: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / window.as_secs_f64()
}

/// `-` for what did not occur.
pub(crate) fn cell(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 10.0 && value.fract() != 0.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// A Markdown table whose columns line up.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("| {} |", cells.join(" | "))
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1.min(lines.len()), format!("| {} |", rule.join(" | ")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_that_occurred() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(99), None);
        (1..=200).for_each(|ms| latencies.add(Duration::from_millis(ms)));
        assert_eq!(latencies.percentile(50), Some(100.0));
        assert_eq!(latencies.percentile(99), Some(198.0));
    }

    #[test]
    fn the_median_of_results_is_that_of_each_figure() {
        let result = |rate: f64| json!({ "name": "polite", "phases": [{ "rate": rate, "refused": null }] });
        assert_eq!(median_of(&[result(3.0), result(1.0), result(2.0)]), result(2.0));
    }

    #[test]
    fn the_median_of_three_is_the_middle_one() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
