package batch

import (
	"context"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/record"
)

// A plan is what each row of a batch is going to do, as far as the copy tells. The worker looks again before it does it.

// longest are the bounds of cells, in characters. Jobber's own are not documented.
var longest = map[Column]int{
	ID: 100, FirstName: 100, LastName: 100, Company: 200, Email: 254, Phone: 50,
	Street: 200, City: 100, Province: 100, PostalCode: 20, Country: 60, Tags: 1000,
}

const longestTag = 50

// place are the columns of the address.
var place = []Column{Street, City, Province, PostalCode, Country}

// planFile plans the rows of a file.
func (b *Batches) planFile(ctx context.Context, account string, file File) ([]Row, error) {
	var ids, emails []string
	for _, line := range file.Lines {
		if id, ok := clientID(line.Cells[ID]); ok {
			ids = append(ids, id)
		}
		if email := line.Cells[Email]; email != "" && line.Cells[ID] == "" {
			emails = append(emails, email)
		}
	}
	known, err := b.many(ctx, account, record.Clients, ids)
	if err != nil {
		return nil, err
	}
	namesakes, err := b.records.ClientsByEmail(ctx, account, emails)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(file.Lines))
	first := map[string]int{} // rows of the file by what they are about
	for i, line := range file.Lines {
		rows[i] = planLine(line, known, namesakes)
		rows[i].Number = i + 1
		about := subject(rows[i])
		if other, twice := first[about]; twice && rows[i].State == Pending {
			rows[i].refuse(fmt.Sprintf("Is about the same client as row %d.", other))
		} else if rows[i].State != Invalid {
			first[about] = line.Row
		}
	}
	return rows, nil
}

// many is GetMany for as many ids as there are.
func (b *Batches) many(ctx context.Context, account string, c record.Collection, ids []string) (map[string]record.Record, error) {
	all := map[string]record.Record{}
	for part := range slices.Chunk(ids, 300) {
		found, err := b.records.GetMany(ctx, account, c, part)
		if err != nil {
			return nil, err
		}
		for id, r := range found {
			all[id] = r
		}
	}
	return all, nil
}

// subject says which client a row is about: two rows of one subject are one too many.
func subject(r Row) string {
	if r.Does == Edits {
		return r.RecordID
	}
	var texts []string
	for _, c := range []Column{FirstName, LastName, Company, Email, Phone} {
		text := strings.ToLower(r.cells[c])
		if c == Phone {
			text = digits(text)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\n")
}

var (
	goodClientID = regexp.MustCompile(`^(?:Client_)?([0-9]{1,19})$`)
	goodPhone    = regexp.MustCompile(`^[0-9+().\-/#* xX]*(?:ext\.? ?[0-9]+)?$`)
)

// clientID is our id of a client whom a cell names: by it, or by the number in the client's web address at Jobber.
func clientID(cell string) (string, bool) {
	found := goodClientID.FindStringSubmatch(cell)
	if found == nil {
		return "", false
	}
	return "Client_" + found[1], true
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

func (r *Row) refuse(message string) {
	if r.State == Invalid { // tell all that is wrong
		message = r.Message + " " + message
	}
	r.State, r.Message = Invalid, message
}

func planLine(line Line, known map[string]record.Record, namesakes map[string]string) Row {
	r := Row{Line: line.Row, State: Pending, Warnings: line.Warnings, cells: map[Column]string{}}
	for _, c := range Columns {
		if text := line.Cells[c]; text != "" {
			if wrong := wrongCell(c, text); wrong != "" {
				r.refuse(fieldName[c] + " " + wrong + ".")
			}
		}
	}
	var wrong string
	if r.tags, wrong = splitTags(line.Cells[Tags]); wrong != "" {
		r.refuse("Tags " + wrong + ".")
	}
	for c, text := range line.Cells {
		if c != ID && c != Tags {
			r.cells[c] = text
		}
	}
	r.Label = labelOf(r.cells)
	if line.Cells[ID] == "" {
		r.planCreate(namesakes)
	} else {
		r.planEdit(line.Cells[ID], known)
	}
	return r
}

// fieldName is what a person calls a column.
var fieldName = map[Column]string{
	ID: "ID", FirstName: "First name", LastName: "Last name", Company: "Company", Email: "Email", Phone: "Phone",
	Street: "Street", City: "City", Province: "Province", PostalCode: "Postal code", Country: "Country", Tags: "Tags",
}

func wrongCell(c Column, text string) string {
	if n := utf8.RuneCountInString(text); n > longest[c] {
		return fmt.Sprintf("is too long: it may have %d characters, not %d", longest[c], n)
	}
	switch c {
	case ID:
		if _, ok := clientID(text); !ok {
			return "is not a client's id, such as Client_123 or 123; leave it empty to create a client"
		}
	case Email:
		if a, err := mail.ParseAddress(text); err != nil || a.Address != text || !strings.Contains(text[strings.LastIndex(text, "@"):], ".") {
			return "is not an e-mail address"
		}
	case Phone:
		if !goodPhone.MatchString(text) || len(digits(text)) < 3 {
			return "is not a telephone number"
		}
	}
	return ""
}

// splitTags parts a cell of tags.
func splitTags(cell string) (tags []string, wrong string) {
	for tag := range strings.FieldsFuncSeq(cell, func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		tag = strings.TrimSpace(tag)
		if tag == "" || hasFold(tags, tag) {
			continue
		}
		if wrong := wrongTag(tag); wrong != "" {
			return nil, wrong
		}
		tags = append(tags, tag)
	}
	if len(tags) > maxTags {
		return nil, fmt.Sprintf("are too many: there may be %d", maxTags)
	}
	return tags, ""
}

func wrongTag(tag string) string {
	switch {
	case utf8.RuneCountInString(tag) > longestTag:
		return fmt.Sprintf("have one that is too long: it may have %d characters", longestTag)
	case strings.ContainsFunc(tag, isControl):
		return "have a character that cannot be shown"
	}
	return ""
}

func labelOf(cells map[Column]string) string {
	name := strings.TrimSpace(cells[FirstName] + " " + cells[LastName])
	switch {
	case cells[Company] != "":
		return cells[Company]
	case name != "":
		return name
	}
	return cells[Email]
}

func (r *Row) planCreate(namesakes map[string]string) {
	r.Does = Creates
	if r.cells[FirstName] == "" && r.cells[LastName] == "" && r.cells[Company] == "" {
		r.refuse("Needs a first name, a last name or a company.")
		return
	}
	if name := namesakes[strings.ToLower(r.cells[Email])]; name != "" {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s has this e-mail address already.", name))
	}
	for _, c := range Columns {
		if r.cells[c] != "" {
			r.Changes = append(r.Changes, Change{Field: string(c), To: r.cells[c]})
		}
	}
	if len(r.tags) > 0 {
		r.Changes = append(r.Changes, Change{Field: string(Tags), To: strings.Join(r.tags, ", ")})
	}
}

func (r *Row) planEdit(cell string, known map[string]record.Record) {
	r.Does = Edits
	id, ok := clientID(cell)
	if !ok {
		return
	}
	r.RecordID = id
	c, there := known[id].(*record.Client)
	if !there {
		r.refuse(fmt.Sprintf("There is no client %s.", id))
		return
	}
	r.Label = c.Name
	if r.State != Pending {
		return
	}
	r.edit(c)
	if len(r.Changes) == 0 {
		r.State, r.Message = Unchanged, "Is so already."
	}
}

// edit keeps of a row what differs from the client.
func (r *Row) edit(c *record.Client) {
	was := cellsOf(c)
	changed := map[Column]string{}
	for _, column := range Columns {
		to := r.cells[column]
		if to == "" || sameCell(column, was[column], to) {
			continue
		}
		changed[column] = to
		r.Changes = append(r.Changes, Change{Field: string(column), From: short(was[column]), To: to})
	}
	// What Jobber makes of an address in part is not documented, so it is sent whole.
	if slices.ContainsFunc(place, func(column Column) bool { return changed[column] != "" }) {
		for _, column := range place {
			if changed[column] == "" && was[column] != "" {
				changed[column] = was[column]
			}
		}
	}
	r.cells = changed
	r.tags = slices.DeleteFunc(r.tags, func(tag string) bool { return hasFold(c.Tags, tag) })
	if len(r.tags) > 0 {
		r.Changes = append(r.Changes, Change{Field: string(Tags), From: short(strings.Join(c.Tags, ", ")), To: strings.Join(append(slices.Clone(c.Tags), r.tags...), ", ")})
	}
}

func cellsOf(c *record.Client) map[Column]string {
	cells := map[Column]string{
		FirstName: c.FirstName, LastName: c.LastName, Company: c.CompanyName, Email: c.Email, Phone: c.Phone,
	}
	if a := c.BillingAddress; a != nil {
		cells[Street], cells[City], cells[Province], cells[PostalCode], cells[Country] = a.Street, a.City, a.Province, a.PostalCode, a.Country
	}
	return cells
}

func sameCell(c Column, was, to string) bool {
	switch c {
	case Email:
		return strings.EqualFold(was, to)
	case Phone:
		return digits(was) == digits(to)
	default:
		return was == to
	}
}

// does says what a selection's action does to each record.
var does = map[Action]Does{
	TagClients: Tagging, UntagClients: Untagging, ArchiveClients: Archives, UnarchiveClients: Unarchives,
	CompleteVisits: Completes, SendInvoices: Sends,
}

// planSelection plans the rows of a selection.
func (b *Batches) planSelection(ctx context.Context, account string, action Action, ids, tags []string) ([]Row, error) {
	if does[action] == "" || len(ids) == 0 || len(ids) > MaxRows {
		return nil, problem.New(problem.Invalid, "A selection needs an action of its own, and 1 to %d records.", MaxRows)
	}
	known, err := b.many(ctx, account, action.Collection(), ids)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var rows []Row
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		r := Row{Number: len(rows) + 1, Does: does[action], RecordID: id, Label: short(id), State: Pending}
		switch rec := known[id].(type) {
		case *record.Client:
			r.planClient(rec, tags)
		case *record.Visit:
			r.planVisit(rec, b.clock)
		case *record.Invoice:
			r.planInvoice(rec)
		default:
			r.RecordID = "" // whatever it is, it is no record's
			r.refuse("Is not there any more.")
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (r *Row) planClient(c *record.Client, tags []string) {
	r.Label = c.Name
	switch r.Does {
	case Tagging:
		r.tags = slices.DeleteFunc(slices.Clone(tags), func(tag string) bool { return hasFold(c.Tags, tag) })
		r.tagged(c, append(slices.Clone(c.Tags), r.tags...), "Has these tags already.")
	case Untagging:
		r.tags = slices.DeleteFunc(slices.Clone(c.Tags), func(tag string) bool { return !hasFold(tags, tag) })
		r.tagged(c, slices.DeleteFunc(slices.Clone(c.Tags), func(tag string) bool { return hasFold(tags, tag) }), "Has none of these tags.")
	case Archives:
		r.switched("active", "archived", c.IsArchived, "Is archived already.")
	case Unarchives:
		r.switched("archived", "active", !c.IsArchived, "Is not archived.")
	}
}

func (r *Row) tagged(c *record.Client, after []string, otherwise string) {
	if len(r.tags) == 0 {
		r.State, r.Message = Unchanged, otherwise
		return
	}
	r.Changes = []Change{{Field: string(Tags), From: short(strings.Join(c.Tags, ", ")), To: short(strings.Join(after, ", "))}}
}

// switched is a change of the status.
func (r *Row) switched(from, to string, already bool, otherwise string) {
	if already {
		r.State, r.Message = Unchanged, otherwise
		return
	}
	r.Changes = []Change{{Field: "status", From: from, To: to}}
}

func (r *Row) planVisit(v *record.Visit, clk clock.Clock) {
	if v.Title != "" {
		r.Label = v.Title
	}
	if v.StartAt != nil && v.StartAt.After(clk.Now()) && !v.IsComplete {
		r.Warnings = append(r.Warnings, "Is planned for later.")
	}
	r.switched("open", "complete", v.IsComplete, "Is complete already.")
}

func (r *Row) planInvoice(i *record.Invoice) {
	r.Label = "Invoice #" + i.Number
	r.switched("draft", "sent", i.Status != "draft", "Was sent already.")
}
