"""What the public headers say: each function's prototype, and its comment in parts.

A comment begins with a sentence; then come paragraphs, of which those that begin with @NAME tell of parameters, and
those that begin with a label (Returns, Fails, Threads, …) are sections.
"""

import errno
import pathlib
import re

COMMENT = re.compile(r'/\*.*?\*/', re.S)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.M)
LINKAGE = re.compile(r'\bMPROC_BEGIN_DECLS\b|\bMPROC_END_DECLS\b')
ATTRIBUTE = re.compile(r'__attribute__\s*\(\(.*?\)\)', re.S)
FUNCTION = re.compile(r'\b(mproc_\w+)\s*\(')
VARIABLE = re.compile(r'\b(mproc_\w+)\s*(?:\[[^]]*\]\s*)*$')
NAME = re.compile(r'\(\*(\w+)\)|(\w+)(?:\[\w*\])?$')
LABELS = ('Returns', 'Fails', 'Threads', 'Fork', 'Crash', 'Signals', 'Memory', 'Rights', 'Cost', 'Source')
LABEL = re.compile(r'((?:%s)(?:, (?:%s))*)(?=  |: | as )' % ('|'.join(LABELS), '|'.join(LABELS)))
TERM = re.compile(r'@\w+(?:, ?@\w+)+(?= )|(?=@|-E|E[A-Z]{2})\S.*?(?=  )|-E[A-Z0-9…]+(?:, -E[A-Z0-9]+)*')
CONTRACT_TERM = re.compile(r' {2,4}([A-Z]\w+) +\S')
CODE = re.compile(r'\bE[A-Z0-9]{2,}\b')
CONTRACT_OF = re.compile(r'(?:[Cc]ontract[^.;]*? (?:besides )?that of|[Cc]ontract[^.;]*?, and in) (mproc/\w+\.h)')
NEVER = re.compile(r'(?:never|but for) (-E[A-Z0-9]+(?:(?:,| and) -E[A-Z0-9]+)*)')
AS = re.compile(r'(?:^|\bor |\bfor a map )as (mproc_\w+)')


def blank(pattern, text):
    return pattern.sub(lambda match: re.sub(r'[^\n]', ' ', match.group()), text)


def without_bodies(code):
    """Blanks what stands in braces: members, enumerators."""
    result, depth = [], 0
    for character in code:
        depth -= character == '}'
        result.append(character if depth == 0 or character == '\n' else ' ')
        depth += character == '{'
    return ''.join(result)


def statements(text):
    """The file's declarations: [(position, end, declaration)]."""
    code = text
    for pattern in (COMMENT, DIRECTIVE, LINKAGE, ATTRIBUTE):
        code = blank(pattern, code)
    start, found = 0, []
    code = without_bodies(code)
    for end in (match.start() for match in re.finditer(';', code)):
        declaration = code[start:end]
        position = start + len(declaration) - len(declaration.lstrip())
        found.append((position, end + 1, declaration.strip()))
        start = end + 1
    return found


def declared_name(declaration):
    """(name, is a function) of what a declaration makes known to the linker, or None."""
    if declaration.startswith(('typedef', 'struct', 'union', 'enum')) and not FUNCTION.search(declaration):
        return None
    if declaration.startswith('typedef'):
        return None
    function = FUNCTION.search(declaration)
    if function:
        return function.group(1), True
    variable = VARIABLE.search(declaration) if 'extern' in declaration else None
    return (variable.group(1), False) if variable else None


def comment_above(text, position):
    """The comment that ends on the line before @position."""
    above = text[:text.rfind('\n', 0, position) + 1]
    if not above.endswith('*/\n'):
        return None
    return above[above.rfind('/*'):-1]


def comment_lines(comment):
    """The lines of a comment, without the stars."""
    if '\n' not in comment:
        return [comment[2:-2].strip()]
    lines = [re.sub(r'^\s?\* ?', '', line).rstrip() for line in comment[2:-2].split('\n')]
    lines[0] = lines[0].strip()
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def paragraphs(lines):
    """Groups of lines between empty ones."""
    groups = [[]]
    for line in lines:
        if line:
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def labelled(lines, pattern):
    """Splits a paragraph at lines that begin with a label: [(label or None, lines)]; continued lines keep their columns."""
    parts = []
    for line in lines:
        match = pattern.match(line)
        if match:
            parts.append((match.group(1), [' ' * match.end(1) + line[match.end(1):]]))
        elif parts:
            parts[-1][1].append(line)
        else:
            parts.append((None, [line]))
    return parts


def unindented(lines):
    """Without the columns that all lines but the first have in common with it."""
    width = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[width:] for line in lines]


def is_literal(lines):
    """A usage, or a table: to be shown as it stands."""
    return (all(line.startswith('    ') for line in lines)
            or any(re.search(r'\S {3,}\S', line) for line in lines) and not any(line.startswith('@') for line in lines))


def listed(lines):
    """Terms at the beginning of lines (@name, -ECODE), each with what stands behind it and below: [(term or None, lines)]."""
    items = []
    for line in lines:
        match = TERM.match(line)
        if match:
            items.append((match.group().strip(), [line[match.end():].strip()]))
        elif items and (line.startswith(' ') or items[-1][0] is None):
            items[-1][1].append(line.strip())
        else:
            items.append((None, [line]))
    return items


class Function:
    """A function: its prototype, and its comment in parts."""

    def __init__(self, header, line, declaration, comment, previous):
        self.header, self.line, self.comment = header, line, comment
        self.prototype = re.sub(r'\s+', ' ', declaration).replace('MPROC_API ', '').replace('( ', '(').rstrip(' )') + ')'
        self.name = FUNCTION.search(declaration).group(1)
        self.returns, _, rest = self.prototype.partition(self.name)
        self.returns = self.returns.strip()
        self.parameters = self._parameters(rest[rest.index('(') + 1:-1])
        self.brief, self.body, self.sections = '', [], {}
        if comment is not None:
            self._read(comment_lines(comment))
        if self.brief.startswith('The same') and 'Fails' not in self.sections and previous is not None:
            self.like = previous.name
        else:
            self.like = None

    @staticmethod
    def _parameters(text):
        """[(declaration, name)]"""
        depth, start, found = 0, 0, []
        for index, character in enumerate(text + ','):
            depth += (character == '(') - (character == ')')
            if character == ',' and depth == 0:
                found.append(text[start:index].strip())
                start = index + 1
        return [(one, (lambda match: match.group(1) or match.group(2))(NAME.search(one)))
                for one in found if one not in ('void', '...', '')]

    def _read(self, lines):
        groups = paragraphs(lines)
        text = ' '.join(groups[0])
        sentence = re.match(r'.*?[.:](?=\s|$)(?! *[a-z])', text)
        self.brief = sentence.group() if sentence else text
        for number, group in enumerate(groups):
            for label, part in labelled(group, LABEL):
                if label is None:
                    rest = [text[len(self.brief):].strip()] if number == 0 else part
                    self.body += [rest] if rest != [''] else []
                    continue
                for one in label.split(', '):
                    self.sections[one] = unindented(part)

    def fails(self):
        """The text of what can go wrong."""
        return '\n'.join(self.sections.get('Fails', []))

    def own_errors(self):
        """(codes, codes that another's do not bring, functions whose codes are its own too, whether there are others)"""
        text = self.fails()
        flat = re.sub(r'\s+', ' ', text)
        never = set(CODE.findall(' '.join(NEVER.findall(flat))))
        codes = {code for code in CODE.findall(NEVER.sub('', flat)) if hasattr(errno, code)}
        like = set(AS.findall(flat)) | ({self.like} if self.like else set())
        return codes, never, like, '…' in flat or 'the server\'s error replies' in flat or 'what the source' in flat


class Header:
    """A header: what its opening comment says, and its declarations in order."""

    def __init__(self, root, path):
        self.path = path
        self.name = str(path.relative_to(root / 'include'))
        self.text = path.read_text()
        opening = [comment for comment in COMMENT.findall(self.text) if 'SPDX' not in comment]
        self.opening = comment_lines(opening[0]) if opening else []
        self.title = self.name
        self.contract = {}
        self.functions, self.declarations, self.linked = [], [], set()
        self._read_opening()
        self._read_declarations()

    def _read_opening(self):
        if not self.opening or ' - ' not in self.opening[0]:
            return
        self.title = self.opening[0].split(' - ', 1)[1].rstrip('.:')
        inside = None
        for line in self.opening:
            inside = 'Contract' if line.startswith('Contract') else inside if line else None
            if inside:
                for label, part in labelled([line], CONTRACT_TERM):
                    label = label or (list(self.contract)[-1] if self.contract else None)
                    if label:
                        self.contract.setdefault(label, []).extend(part)

    def common_errors(self):
        """(codes that the contract names for all functions, headers whose contract holds too, whether there are others)"""
        text = ' '.join(line for part in self.contract.values() for line in part)
        codes = {code for code in CODE.findall(text) if hasattr(errno, code)}
        like = set(re.findall(r'mproc/\w+\.h', text)) | set(CONTRACT_OF.findall(' '.join(self.opening)))
        return codes, like - {self.name}, '…' in text

    def types(self):
        """Types and enumerations, each with the comment above it."""
        return [(comment + '\n' if comment else '') + text for comment, text in
                (one for one in self.declarations if isinstance(one, tuple))]

    def macros(self):
        """The constants, each with the comment above it."""
        found = []
        for match in re.finditer(r'^#define (MPROC_\w+)[ \t(].*', self.text, re.M):
            comment = comment_above(self.text, match.start())
            found.append((comment + '\n' if comment else '') + match.group())
        return found

    def _read_declarations(self):
        previous = None
        for position, end, declaration in statements(self.text):
            name = declared_name(declaration)
            comment = comment_above(self.text, position)
            self.linked |= {name[0]} if name else set()
            if name and name[1]:
                line = self.text.count('\n', 0, position) + 1
                previous = Function(self, line, declaration, comment, previous)
                self.functions.append(previous)
                self.declarations.append(previous)
            elif declaration and name is None:
                self.declarations.append((comment, self.text[position:end]))


def read(root):
    """All public headers, by name."""
    root = pathlib.Path(root)
    return [Header(root, path) for path in sorted((root / 'include').rglob('*.h'))]


def documented_errors(functions):
    """{name: (codes, whether there are others)}, with what functions take over from others."""
    own = {function.name: function.own_errors() for function in functions}
    done = {}

    def errors(name, under_way):
        if name in done:
            return done[name]
        codes, never, like, others = own[name]
        codes = set(codes)
        for other in like:
            if other in own and other not in under_way:
                more, more_others = errors(other, under_way | {name})
                codes |= more - never
                others = others or more_others
        done[name] = codes, others
        return done[name]

    for name in own:
        errors(name, {name})
    return done


def common_errors(headers):
    """{header: (codes, whether there are others)}: what a header says of all its functions, itself or by another's contract."""
    own = {header.name: header.common_errors() for header in headers}

    def reachable(name, found):
        if name in own and name not in found:
            found.add(name)
            for other in own[name][1]:
                reachable(other, found)
        return found

    result = {}
    for name in own:
        parts = [own[one] for one in reachable(name, set())]
        result[name] = set().union(*(part[0] for part in parts)), any(part[2] for part in parts)
    return result
