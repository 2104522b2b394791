//! The words of SQL. Strings, comments and numbers are left out: they contain no names of tables.

/// The parts of an SQL text that may matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word, in small letters.
    Word(String),
    /// A name in quotes, unchanged.
    Name(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `;`
    Semicolon,
    /// `=`, alone or at the end of an operator.
    Equals,
    /// `::`
    Cast,
    /// A number, a string, a parameter.
    Value,
    /// Anything else: an operator.
    Other,
}

impl Token {
    /// A word without quotes.
    pub fn word(&self) -> Option<&str> {
        match self {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Its name, if it may be the name of a table.
    pub fn name(&self) -> Option<&str> {
        match self {
            Token::Word(name) | Token::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// Reads a text. Every text can be read; one that is not SQL gives no names.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { chars: text.chars().collect(), at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        // Several operators in a row are one.
        if token != Token::Other || tokens.last() != Some(&Token::Other) {
            tokens.push(token);
        }
    }
    tokens
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<Token> {
        loop {
            let c = self.peek(0)?;
            match (c, self.peek(1)) {
                _ if c.is_whitespace() => self.at += 1,
                ('-', Some('-')) => self.skip_line(),
                ('/', Some('*')) => self.skip_comment(),
                ('\'', _) => return Some(self.string(false)),
                ('e' | 'E', Some('\'')) => {
                    self.at += 1;
                    return Some(self.string(true));
                }
                ('"', _) => return Some(self.quoted()),
                ('$', Some(next)) if next == '$' || next.is_alphabetic() || next == '_' => {
                    return Some(self.dollars());
                }
                _ if c.is_alphabetic() || c == '_' => return Some(self.word()),
                (':', Some(':')) => {
                    self.at += 2;
                    return Some(Token::Cast);
                }
                ('$' | '0'..='9', _) => {
                    self.at += 1;
                    while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '.') {
                        self.at += 1;
                    }
                    return Some(Token::Value);
                }
                _ => {
                    self.at += 1;
                    return Some(match c {
                        '(' => Token::Open,
                        ')' => Token::Close,
                        ',' => Token::Comma,
                        '.' => Token::Dot,
                        ';' => Token::Semicolon,
                        '=' => Token::Equals,
                        _ => Token::Other,
                    });
                }
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.at += 1;
        }
    }

    /// Comments can be nested.
    fn skip_comment(&mut self) {
        let mut depth = 0_u32;
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('*')) => (depth, self.at) = (depth + 1, self.at + 2),
                ('*', Some('/')) => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self, escapes: bool) -> Token {
        self.at += 1;
        while let Some(c) = self.peek(0) {
            self.at += 1;
            match c {
                '\\' if escapes => self.at += 1,
                '\'' if self.peek(0) == Some('\'') => self.at += 1,
                '\'' => break,
                _ => {}
            }
        }
        Token::Value
    }

    fn quoted(&mut self) -> Token {
        let mut name = String::new();
        self.at += 1;
        while let Some(c) = self.peek(0) {
            self.at += 1;
            if c == '"' {
                if self.peek(0) != Some('"') {
                    break;
                }
                self.at += 1;
            }
            name.push(c);
        }
        Token::Name(name)
    }

    /// `$tag$ … $tag$`
    fn dollars(&mut self) -> Token {
        let begins = self.at;
        self.at += 1;
        while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        if self.peek(0) != Some('$') {
            return Token::Other;
        }
        self.at += 1;
        let tag: Vec<char> = self.chars[begins..self.at].to_vec();
        while self.at < self.chars.len() {
            if self.chars[self.at..].starts_with(&tag) {
                self.at += tag.len();
                break;
            }
            self.at += 1;
        }
        Token::Value
    }

    fn word(&mut self) -> Token {
        let begins = self.at;
        while self.peek(0).is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            self.at += 1;
        }
        let word: String = self.chars[begins..self.at].iter().collect();
        Token::Word(word.to_lowercase())
    }
}
