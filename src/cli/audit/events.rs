//! Server-Sent Events as they are read (WHATWG HTML, section 9.2): blocks of fields, ended by an empty line.

use std::io::{self, BufRead};

/// A block: an event where it has data, otherwise a sign of life or a place to come back to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub id: Option<String>,
    pub data: Option<String>,
}

/// Ends where the connection does; a block that was cut is no block.
#[derive(Debug)]
pub struct Events<R> {
    reader: R,
}

impl<R: BufRead> Events<R> {
    pub fn new(reader: R) -> Self {
        Self { reader }
    }

    fn block(&mut self) -> io::Result<Option<Block>> {
        let mut block = Block::default();
        let mut line = String::new();
        loop {
            line.clear();
            if self.reader.read_line(&mut line)? == 0 || !line.ends_with('\n') {
                return Ok(None);
            }
            let field = line.trim_end_matches(['\n', '\r']);
            if field.is_empty() {
                return Ok(Some(block));
            }
            let (name, value) = field.split_once(':').unwrap_or((field, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => block.id = Some(value.to_owned()),
                "data" => match &mut block.data {
                    Some(data) => *data += &format!("\n{value}"),
                    None => block.data = Some(value.to_owned()),
                },
                // Comments and what matters to browsers only.
                _ => {}
            }
        }
    }
}

impl<R: BufRead> Iterator for Events<R> {
    type Item = io::Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        self.block().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        let text = "retry: 1000\nid: 4\n\n: alive\n\nid: 5\r\nevent: flow.created\r\ndata: {\"a\":1}\r\n\r\ndata\ndata:b\n\nid: 6\ndata: cut";
        let blocks: Vec<Block> = Events::new(text.as_bytes()).map(Result::unwrap).collect();
        let block = |id: Option<&str>, data: Option<&str>| Block {
            id: id.map(str::to_owned),
            data: data.map(str::to_owned),
        };
        let expected = [
            block(Some("4"), None),
            block(None, None),
            block(Some("5"), Some("{\"a\":1}")),
            block(None, Some("\nb")),
        ];
        assert_eq!(blocks, expected);
    }
}
