//! What a person sees of the demo while it runs: steps with bars, and at the end how long each took.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// The steps taken so far.
pub struct Timeline {
    begun: Instant,
    steps: Vec<(String, Duration)>,
}

/// A step under way.
pub struct Step {
    bar: ProgressBar,
    begun: Instant,
    title: String,
}

impl Timeline {
    /// Starts the clock.
    pub fn start() -> Self {
        Self { begun: Instant::now(), steps: Vec::new() }
    }

    /// Begins a step of unknown length.
    pub fn step(&self, title: &str) -> Step {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(80));
        Step::new(bar, title)
    }

    /// Begins a step of a known number of bytes.
    pub fn transfer(&self, title: &str, bytes: u64) -> Step {
        let bar = ProgressBar::new(bytes);
        if let Ok(style) = ProgressStyle::with_template("  {bar:24.cyan/dim} {msg} {bytes}/{total_bytes}") {
            bar.set_style(style);
        }
        Step::new(bar, title)
    }

    /// Ends a step.
    #[expect(clippy::print_stdout, reason = "the demo talks to a person")]
    pub fn done(&mut self, step: Step, outcome: &str) {
        let Step { bar, begun, title } = step;
        bar.finish_and_clear();
        let took = begun.elapsed();
        println!("  ✓ {title}: {outcome}  ({})", shown(took));
        self.steps.push((title, took));
    }

    /// Prints every step with its time, and the whole.
    #[expect(clippy::print_stdout, reason = "the demo talks to a person")]
    pub fn print(&self) {
        let longest = self.steps.iter().map(|(_, took)| *took).max().unwrap_or_default();
        let width = self.steps.iter().map(|(title, _)| title.chars().count()).max().unwrap_or_default();
        for (title, took) in &self.steps {
            let share = if longest.is_zero() { 0.0 } else { took.as_secs_f64() / longest.as_secs_f64() };
            let bar = "▇".repeat((share * 30.0).ceil() as usize);
            println!("  {title:width$}  {:>8}  {bar}", shown(*took));
        }
        println!("  {:width$}  {:>8}", "all of it", shown(self.begun.elapsed()));
    }
}

impl Step {
    fn new(bar: ProgressBar, title: &str) -> Self {
        bar.set_message(title.to_owned());
        Self { bar, begun: Instant::now(), title: title.to_owned() }
    }

    /// Moves the bar.
    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    /// Says what is going on.
    pub fn say(&self, what: &str) {
        self.bar.set_message(format!("{}: {what}", self.title));
    }
}

fn shown(took: Duration) -> String {
    if took < Duration::from_secs(10) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}
