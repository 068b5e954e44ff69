//! Reads the nodes of a visual job as JSON, and writes its script.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{Read, Write};

use mastic_api_glue::glue::types::CodeGenConfigurationNode;

fn main() -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let nodes: BTreeMap<String, CodeGenConfigurationNode> = serde_json::from_str(&text)?;
    std::io::stdout().write_all(mastic_script::visual(&nodes)?.as_bytes())?;
    Ok(())
}
