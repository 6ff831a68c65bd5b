//! Shapes: the layouts of objects, found by walking a tree one property at a time.

use super::tag;
use crate::order::SortedMap;

/// The layout of an object: its properties in order, and the type of each value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    pub names: Vec<String>,
    pub tags: Vec<u32>,
}

/// Shapes by number, as the reading end needs them.
pub(crate) trait Known {
    fn shape(&self, number: u32) -> Option<&Shape>;
}

impl Known for Vec<Shape> {
    fn shape(&self, number: u32) -> Option<&Shape> {
        self.get(number as usize)
    }
}

/// More shapes than a program has record types, and fewer than combinations of optional fields that are there or not.
const MOST: usize = 1_024;

/// The shapes of what this thread has written.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    nodes: Vec<Node>,
    /// Struct types by the address of their name: where the walk for a type begins.
    starts: SortedMap<(usize, usize), u32>,
    known: Vec<Shape>,
    /// Gives out no shapes.
    closed: bool,
    /// Properties that rows have besides their fields, for as long as this is set: their names only.
    pub besides: &'static [&'static str],
}

#[derive(Debug)]
struct Node {
    name: &'static str,
    tag: u32,
    parent: Option<u32>,
    children: Vec<u32>,
    shape: Option<u32>,
}

impl Known for Shapes {
    fn shape(&self, number: u32) -> Option<&Shape> {
        self.known.get(number as usize)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "as many nodes as the program has struct fields, a few times over")]
impl Shapes {
    /// Where the walk through the fields of a struct type begins.
    pub fn start(&mut self, type_name: &'static str) -> u32 {
        let id = (type_name.as_ptr() as usize, type_name.len());
        if let Some(node) = self.starts.get(&id) {
            return *node;
        }
        let node = self.add(Node { name: type_name, tag: 0, parent: None, children: Vec::new(), shape: None });
        self.starts.insert(id, node);
        node
    }

    /// The tag of the next object: with a shape, or with its names where there are shapes enough.
    pub fn next_object(&self) -> u32 {
        if self.known.len() < MOST && !self.closed { tag::OBJECT } else { tag::MAP }
    }

    /// One property further.
    pub fn step(&mut self, from: u32, name: &'static str, tag: u32) -> u32 {
        let found = self.nodes[from as usize].children.iter().copied().find(|child| {
            let child = &self.nodes[*child as usize];
            child.tag == tag && (std::ptr::eq(child.name, name) || child.name == name)
        });
        found.unwrap_or_else(|| {
            let node = self.add(Node { name, tag, parent: Some(from), children: Vec::new(), shape: None });
            self.nodes[from as usize].children.push(node);
            node
        })
    }

    /// The number of the shape whose last property this is.
    pub fn finish(&mut self, node: u32) -> u32 {
        if let Some(shape) = self.nodes[node as usize].shape {
            return shape;
        }
        let (mut names, mut tags) = (Vec::new(), Vec::new());
        let mut at = &self.nodes[node as usize];
        while let Some(parent) = at.parent {
            names.push(at.name.to_owned());
            tags.push(at.tag);
            at = &self.nodes[parent as usize];
        }
        names.reverse();
        tags.reverse();
        let number = self.known.len() as u32;
        self.known.push(Shape { names, tags });
        self.nodes[node as usize].shape = Some(number);
        number
    }

    /// The shapes from this number on, for the other end.
    #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "the other end is a browser"))]
    pub fn since(&self, number: usize) -> &[Shape] {
        &self.known[number.min(self.known.len())..]
    }

    fn add(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        (self.nodes.len() - 1) as u32
    }
}

/// The shapes of what this thread writes, for as long as `f` runs.
pub(crate) fn with_shapes<R>(f: impl FnOnce(&mut Shapes) -> R) -> R {
    thread_local!(static SHAPES: std::cell::RefCell<Shapes> = std::cell::RefCell::default());
    SHAPES.with(|shapes| match shapes.try_borrow_mut() {
        Ok(mut shapes) => f(&mut shapes),
        // Somebody's `Serialize` is being called: it calls back, or has panicked, which wasm does not unwind. Rows can be
        // written without shapes too.
        Err(_) => f(&mut Shapes { closed: true, ..Shapes::default() }),
    })
}
