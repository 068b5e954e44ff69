//! The elements that records have been seen to have, merged while reading: no record is kept.

use std::collections::HashMap;

use mastic_hive::{HiveType, StructField, merge};

use super::VALUE;
use crate::numbers::text_type;

/// How many different elements and attributes a record may have.
const MAX_NODES: usize = 50_000;
/// How deep they may nest.
const MAX_DEPTH: usize = 100;
/// How much of a text is looked at, in bytes: no number is longer.
const MAX_TEXT: usize = 64;

#[derive(Debug, Default)]
struct Node {
    /// The type of its texts; `void` when they were blank.
    text: HiveTypeOrVoid,
    /// Elements and attributes in it, in the order in which they were first met.
    fields: Vec<(String, usize)>,
    places: HashMap<String, usize>,
    /// Whether it came twice in one parent.
    repeated: bool,
    /// Which opening of its parent it was last met in.
    parent: u64,
}

/// `HiveType` has no default; nothing has been seen of a new node.
#[derive(Debug)]
struct HiveTypeOrVoid(HiveType);

impl Default for HiveTypeOrVoid {
    fn default() -> Self {
        Self(HiveType::Void)
    }
}

/// An element that is open.
#[derive(Debug)]
struct Open {
    node: usize,
    /// Which opening this is.
    serial: u64,
    text: Vec<u8>,
}

/// All that records have in them. The first node is the record itself.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    open: Vec<Open>,
    serial: u64,
}

impl Tree {
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    pub(super) fn open_record(&mut self) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        self.push(0);
    }

    /// Opens an element in the one that is open; says whether there is place for it.
    pub(super) fn open(&mut self, name: &str) -> bool {
        let (Some(parent), count) = (self.open.last(), self.nodes.len()) else { return false };
        let serial = parent.serial;
        if self.open.len() > MAX_DEPTH {
            return false;
        }
        let Some(node) = self.nodes.get_mut(parent.node) else { return false };
        let child = match node.places.get(name) {
            Some(place) => *place,
            None if count >= MAX_NODES => return false,
            None => {
                node.fields.push((name.to_owned(), count));
                node.places.insert(name.to_owned(), count);
                self.nodes.push(Node::default());
                count
            }
        };
        if let Some(node) = self.nodes.get_mut(child) {
            node.repeated |= node.parent == serial;
            node.parent = serial;
        }
        self.push(child);
        true
    }

    fn push(&mut self, node: usize) {
        self.serial += 1;
        self.open.push(Open { node, serial: self.serial, text: Vec::new() });
    }

    /// Adds to the text of the element that is open.
    pub(super) fn text(&mut self, text: &[u8]) {
        if let Some(open) = self.open.last_mut() {
            let text = if open.text.is_empty() { text.trim_ascii_start() } else { text };
            let room = MAX_TEXT.saturating_sub(open.text.len());
            open.text.extend_from_slice(text.get(..room).unwrap_or(text));
        }
    }

    pub(super) fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if let Some(node) = self.nodes.get_mut(open.node) {
            node.text.0 = merge(&node.text.0, &text_type(open.text.trim_ascii()));
        }
    }

    /// The record's type: a struct, unless it has nothing but text.
    pub(super) fn into_type(self) -> HiveType {
        self.type_of(0)
    }

    /// Goes no deeper than `MAX_DEPTH`.
    fn type_of(&self, node: usize) -> HiveType {
        let Some(node) = self.nodes.get(node) else { return HiveType::Void };
        if node.fields.is_empty() {
            return node.text.0.clone();
        }
        let mut fields: Vec<StructField> = Vec::with_capacity(node.fields.len());
        for (name, child) in &node.fields {
            let ty = self.type_of(*child);
            let repeated = self.nodes.get(*child).is_some_and(|child| child.repeated);
            let ty = if repeated { HiveType::Array(Box::new(ty)) } else { ty };
            fields.push(StructField::new(name.clone(), ty));
        }
        if node.text.0 != HiveType::Void {
            fields.push(StructField::new(VALUE, node.text.0.clone()));
        }
        // Names that differ in case only become one.
        merge(&HiveType::Struct(Vec::new()), &HiveType::Struct(fields))
    }
}
