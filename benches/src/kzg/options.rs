//! The command line.

use anyhow::{Context, Result, bail};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};

/// What is measured, and on what.
pub(crate) struct Options {
    pub(crate) gpu: bool,
    pub(crate) layout: ColumnLayout,
    pub(crate) family: Family,
    pub(crate) shape: Shape,
    pub(crate) runs: usize,
    pub(crate) accounts: usize,
    pub(crate) threads: usize,
    pub(crate) workers: usize,
    pub(crate) profile: bool,
    /// In a process of several: which of them it is.
    pub(crate) share: Option<usize>,
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            gpu: false,
            layout: ColumnLayout::Tall,
            family: Family::Scenario,
            shape: Shape::Medium,
            runs: 15,
            accounts: 100,
            threads: 4,
            workers: 1,
            profile: false,
            share: None,
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            if name == "--profile" {
                options.profile = true;
                continue;
            }
            let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
            let wrong = || format!("{name} {value}");
            match name.as_str() {
                "--device" => {
                    options.gpu = match value.as_str() {
                        "cpu" => false,
                        "gpu" => true,
                        _ => bail!("--device {value}: allowed are cpu, gpu"),
                    }
                }
                "--layout" => options.layout = value.parse().with_context(wrong)?,
                "--family" => options.family = value.parse().with_context(wrong)?,
                "--shape" => options.shape = value.parse().with_context(wrong)?,
                "--runs" => options.runs = value.parse().with_context(wrong)?,
                "--accounts" => options.accounts = value.parse().with_context(wrong)?,
                "--threads" => options.threads = value.parse().with_context(wrong)?,
                "--workers" => options.workers = value.parse().with_context(wrong)?,
                "--share" => options.share = Some(value.parse().with_context(wrong)?),
                _ => bail!("{name} is no option: the head of benches/src/kzg/main.rs lists them"),
            }
        }
        Ok(options)
    }
}
