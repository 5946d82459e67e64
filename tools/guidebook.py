"""The pages of the guide, taken apart: their order, their blocks of code and what the blocks' markers say."""

import pathlib
import re
from dataclasses import dataclass

RANGE = re.compile(r'"(.+)" … "(.+)"', re.S)
LINK = re.compile(r'\[[^]]*\]\(([^)\s]+)\)')
FOLDER = pathlib.Path('docs/guide')


class Fault(Exception):
    """Something on a page that is not as it should be."""


@dataclass
class Block:
    """What stands between two fences."""
    page: pathlib.Path
    line: int          # of the opening fence, from 1
    language: str
    marker: str        # the comment above the fence, '' for none
    body: list

    @property
    def place(self):
        return f'{self.page}:{self.line}'

    def split_marker(self):
        """(kind, rest): 'file', 'inside', 'outside', 'not compiled', 'run', 'not run' or '', and what follows."""
        kind, _, rest = self.marker.partition(':')
        if kind in ('inside', 'outside', 'not compiled', 'run', 'not run', ''):
            return kind, rest.strip()
        return 'file', self.marker


def pages(root):
    """The pages whose code is looked at, in their order: README.md first, then those that the contents name."""
    contents = FOLDER / 'README.md'
    ordered = [contents]
    if (root / contents).exists():
        for target in LINK.findall((root / contents).read_text()):
            page = FOLDER / target
            if '/' not in target and target.endswith('.md') and page not in ordered:
                ordered.append(page)
    return [pathlib.Path('README.md')] + ordered


def comment_above(lines, index):
    """What the comment says that ends on the line before lines[index]."""
    if index == 0 or not lines[index - 1].endswith('-->'):
        return ''
    first = index - 1
    while first > 0 and not lines[first].startswith('<!--'):
        first -= 1
    return '\n'.join(lines[first:index])[len('<!--'):-len('-->')].strip()


def split(page, text):
    """All blocks of a page.  Raises Fault for one that does not end."""
    lines, blocks, index = text.split('\n'), [], 0
    while index < len(lines):
        if lines[index].startswith('```'):
            end = index + 1
            while end < len(lines) and lines[end] != '```':
                end += 1
            if end == len(lines):
                raise Fault(f'{page}:{index + 1}: this block does not end')
            blocks.append(Block(page, index + 1, lines[index][3:].strip(), comment_above(lines, index),
                                lines[index + 1:end]))
            index = end
        index += 1
    return blocks


def without_code(text):
    """The prose of a page, line by line: blocks are empty lines."""
    return re.sub(r'^```.*?^```$', lambda block: '\n' * block.group().count('\n'), text, flags=re.S | re.M)


# What a marker names in a source file.

def whole(lines):
    """The file without the comments and the empty lines at its top."""
    index = 0
    while index < len(lines) and (not lines[index] or lines[index].startswith(('/*', ' *', '#!', '# '))):
        index += 1
    return lines[index:]


def definition(lines, name):
    """A function, a type or a variable at file level, and the comment directly above it."""
    declarator = re.compile(rf'[A-Za-z][^("=]*\b{name} ?(?:[(\[={{;]|$)')
    for index, line in enumerate(lines):
        if not declarator.match(line):
            continue
        rest = '\n'.join(lines[index:])
        opening, semicolon = rest.find('{'), rest.find(';')
        if opening < 0 or 0 <= semicolon < opening:
            if '(' in rest[:semicolon]:
                continue    # a declaration
            end = index + rest[:semicolon].count('\n')
        else:
            end = index + rest[:opening].count('\n')
            while '}' not in lines[end] or (lines[end] != line and not lines[end].startswith('}')):
                end += 1
        start = index
        if start > 0 and lines[start - 1].endswith('*/'):
            start -= 1
            while not lines[start].startswith('/*'):
                start -= 1
        return lines[start:end + 1]
    raise Fault(f'defines no {name}')


def between(lines, first, last):
    """From the first line that begins with @first to the next one as far indented that begins with @last."""
    indent = None
    for index, line in enumerate(lines):
        bare = line.lstrip()
        if indent is None and bare.startswith(first):
            start, indent = index, line[:len(line) - len(bare)]
            if first == last:
                break
        elif indent is not None and line.startswith(indent + last):
            break
        elif indent is not None and line and not line.startswith(indent):
            raise Fault(f'has no "{last}" as far indented as the "{first}" before it')
    else:
        raise Fault(f'has no lines from "{first}" to "{last}"')
    return [line.removeprefix(indent) for line in lines[start:index + 1]]


def extract(root, marker):
    """The lines that a marker such as "examples/simple.c: fun, main" names."""
    path, _, what = marker.partition(': ')
    if not (root / path).is_file():
        raise Fault(f'there is no file {path}')
    lines = (root / path).read_text().rstrip('\n').split('\n')
    try:
        if not what:
            return whole(lines)
        if RANGE.fullmatch(what):
            return between(lines, *RANGE.fullmatch(what).groups())
        parts = [definition(lines, name.strip()) for name in what.split(',')]
    except Fault as fault:
        raise Fault(f'{path} {fault}') from None
    return sum(([''] + part for part in parts), [])[1:]
