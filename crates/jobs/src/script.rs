//! Scripts: those of visual jobs, at their places in S3, and the older interface that draws jobs as graphs.

mod graph;
mod mapping;
mod visual;

use mastic_api_glue::glue::types::Language;
use mastic_core::Fault;
use mastic_kernel::Registry;

pub(crate) use visual::ready;

/// Registers the operations that make scripts, and graphs of scripts.
pub(crate) fn register(registry: &mut Registry) {
    graph::register(registry);
    mapping::register(registry);
}

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

/// Python, which is what AWS takes for granted too.
fn check_language(language: Option<Language>) -> Result<(), Fault> {
    match language {
        None | Some(Language::Python) => Ok(()),
        Some(other) => {
            let text = format!("Mastic writes scripts in PYTHON: it cannot write {}.", other.as_str());
            Err(invalid(text))
        }
    }
}
