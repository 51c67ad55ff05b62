package evidence

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// maxLine is longer than any line of an export: an event is a Firestore document, at most 1 MiB.
const maxLine = 4 << 20

// Report is what was found in an export.
type Report struct {
	Account   string
	Events    int64 // lines of events
	Disclosed int64 // hidden values that were shown and are the sealed ones
	Withheld  int64 // hidden values of which there is only the commitment: erased, or not for whom the export was made
	Expired   int64 // events of which there is the hash alone, since their time was over
	Problems  int64
}

// Problem is one thing that is wrong with an export.
type Problem struct {
	Line int64 // from 1
	What string
}

func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.What) }

// Check reads an export and tells every problem of it: a checkpoint that no key signed, an event that is not as it was
// sealed, events that are missing, moved or added. With an older checkpoint it also tells whether the events go on from it.
// An error means that the export could not be read to its end.
func Check(r io.Reader, keys note.Verifiers, older string, tell func(Problem)) (Report, error) {
	c := checker{keys: keys, tell: tell}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	lines.Split(wholeLines)
	for lines.Scan() {
		c.line++
		text, whole := bytes.CutSuffix(lines.Bytes(), []byte("\n"))
		switch {
		case !whole:
			c.problem("the line does not end: the export is cut off")
		case c.line == 1:
			c.header(text, older)
		default:
			c.event(text)
		}
	}
	if err := lines.Err(); err != nil {
		return c.report, fmt.Errorf("reading line %d: %w", c.line+1, err)
	}
	c.finish()
	return c.report, nil
}

// wholeLines splits after line feeds and keeps them: bufio.ScanLines would hide a carriage return that somebody put in.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

type checker struct {
	keys   note.Verifiers
	tell   func(Problem)
	report Report
	line   int64
	signed bool      // tree is known
	tree   tlog.Tree // of the checkpoint
	older  tlog.Tree // zero when none was given
	gone   int64     // the first events, which may be gone
	seen   frontier
}

func (c *checker) problem(format string, args ...any) {
	c.report.Problems++
	c.tell(Problem{Line: c.line, What: fmt.Sprintf(format, args...)})
}

func (c *checker) header(text []byte, older string) {
	var h Header
	if err := decode(text, &h); err != nil {
		c.problem("the header is not readable: %v", err)
		return
	}
	c.report.Account = h.Account
	if h.Format != Format {
		c.problem("the format is %q, not %q", h.Format, Format)
		return
	}
	var err error
	if c.tree, err = Open(h.Checkpoint, h.Account, c.keys); err != nil {
		c.problem("%v", err)
		return
	}
	c.signed, c.gone = true, h.Expired
	if h.Expired < 0 || h.Expired > c.tree.N {
		c.problem("%d of %d events have expired", h.Expired, c.tree.N)
		c.gone = 0
	}
	if older == "" {
		return
	}
	if c.older, err = Open(older, h.Account, c.keys); err != nil {
		c.problem("the older checkpoint: %v", err)
	}
	if c.older.N > c.tree.N {
		c.problem("the older checkpoint has %d events, this one %d", c.older.N, c.tree.N)
	}
}

func (c *checker) event(text []byte) {
	index := c.report.Events
	c.report.Events++
	var l Line
	if err := decode(text, &l); err != nil {
		c.problem("event %d is not readable: %v", index, err)
		return
	}
	if l.Index != index {
		c.problem("event %d is where event %d belongs", l.Index, index)
	}
	if len(l.Hash) != tlog.HashSize {
		c.problem("event %d: its hash has %d bytes", index, len(l.Hash))
		return
	}
	c.seen.add(tlog.Hash(l.Hash))
	if c.older.N > 0 && c.seen.size == c.older.N && c.seen.root() != c.older.Hash {
		c.problem("the first %d events are not those of the older checkpoint", c.older.N)
	}
	c.leaf(l)
}

func (c *checker) leaf(l Line) {
	if len(l.Leaf) == 0 && l.Index < c.gone {
		c.report.Expired++
		return
	}
	if len(l.Leaf) == 0 {
		c.problem("event %d is gone: its hash is all that is left", l.Index)
		return
	}
	if Hash(l.Leaf) != tlog.Hash(l.Hash) {
		c.problem("event %d is not what was sealed", l.Index)
		return
	}
	leaf, err := ParseLeaf(l.Leaf)
	if err != nil {
		c.problem("event %d: %v", l.Index, err)
		return
	}
	if leaf.Facts["account"] != c.report.Account {
		c.problem("event %d is of the account %q", l.Index, leaf.Facts["account"])
	}
	if err := leaf.Check(l.Disclosed); err != nil {
		c.problem("event %d: %v", l.Index, err)
		return
	}
	for name, d := range l.Disclosed {
		if again, err := canonical(d.Value); err != nil || !bytes.Equal(again, d.Value) {
			c.problem("event %d: %s is not written as an export writes it", l.Index, name)
		}
	}
	c.report.Disclosed += int64(len(l.Disclosed))
	c.report.Withheld += int64(len(leaf.Hidden) - len(l.Disclosed))
}

// finish compares the whole with the checkpoint.
func (c *checker) finish() {
	switch {
	case c.line == 0:
		c.problem("the export is empty")
	case !c.signed:
	case c.report.Events != c.tree.N:
		c.problem("there are %d events, and the checkpoint has %d", c.report.Events, c.tree.N)
	case c.seen.size != c.tree.N || c.seen.root() != c.tree.Hash:
		c.problem("the events' hashes do not make the root that was signed")
	}
}
