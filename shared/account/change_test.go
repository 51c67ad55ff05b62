package account

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"fieldboard.dev/fieldboard/shared/problem"
)

// house is an account without a store: the rules alone, and what they allow.
type house struct {
	members map[string]Member
	done    map[string]int // how often something was allowed
}

func newHouse() *house {
	h := &house{done: map[string]int{}, members: map[string]Member{"owner": {UserID: "owner", Role: Owner, Status: Active}}}
	for i := range 6 {
		id := fmt.Sprint("m", i)
		h.members[id] = Member{UserID: id, Role: Roles[1+i%4], Status: Active}
	}
	return h
}

// someone returns a principal for a member: a session of the role that they have, a session of a role that they had, or a key
// with some of the permissions.
func (h *house) someone(dice *rand.Rand) actor {
	ids := slices.Sorted(maps.Keys(h.members))
	self := h.members[ids[dice.IntN(len(ids))]]
	p := Principal{UserID: self.UserID, Grants: GrantsOf(self.Role)}
	switch dice.IntN(4) {
	case 0:
		p.Grants = GrantsOf(Roles[dice.IntN(len(Roles))])
	case 1:
		maps.DeleteFunc(p.Grants, func(Permission, Scope) bool { return dice.IntN(4) == 0 })
	}
	return actor{Principal: p, self: self}
}

func (h *house) change(dice *rand.Rand) Change {
	var c Change
	if dice.IntN(2) == 0 {
		role := Roles[dice.IntN(len(Roles))]
		c.Role = &role
	}
	if dice.IntN(3) == 0 {
		status := []Status{Active, Disabled}[dice.IntN(2)]
		c.Status = &status
	}
	if dice.IntN(4) == 0 {
		name := fmt.Sprint("Name ", dice.IntN(5))
		c.Name = &name
	}
	return c
}

// Whatever is asked by whomever in whatever order, what comes out keeps the rules. Each rule is said here again, in other
// words than in the code.
func TestRulesHold(t *testing.T) {
	t.Parallel()
	done := map[string]int{}
	for seed := range uint64(300) {
		dice := rand.New(rand.NewPCG(seed, 1))
		h := newHouse()
		for step := range 200 {
			if message := h.step(dice); message != "" {
				t.Fatalf("seed %d, step %d: %s", seed, step, message)
			}
		}
		for what, n := range h.done {
			done[what] += n
		}
	}
	for _, what := range []string{MemberRoleChanged, MemberDisabled, MemberEnabled, MemberUpdated, "remove", "transfer"} {
		if done[what] < 100 {
			t.Errorf("%s was allowed %d times: the rules were hardly tried", what, done[what])
		}
	}
}

func (h *house) step(dice *rand.Rand) (broken string) {
	a := h.someone(dice)
	ids := slices.Sorted(maps.Keys(h.members))
	before := h.members[ids[dice.IntN(len(ids))]]
	mayManage := a.self.Status == Active && a.Can(MemberManage) && Can(a.self.Role, MemberManage)
	switch dice.IntN(12) {
	case 0:
		return h.transfer(a, before)
	case 1:
		if a.needs(MemberManage) != nil || a.remove(before) != nil {
			return ""
		}
		switch {
		case !mayManage:
			return "somebody without the permission removed a member"
		case before.UserID == a.UserID:
			return "somebody removed themselves"
		case before.Role == Owner:
			return "the owner was removed"
		case !holdsAllOf(a, before.Role):
			return fmt.Sprintf("%+v removed %+v", a, before)
		}
		h.done["remove"]++
		before.Role, before.Status = Viewer, Active // and comes back as somebody small
		h.members[before.UserID] = before
		return ""
	}
	c := h.change(dice)
	if a.needs(MemberManage) != nil {
		return ""
	}
	after, tell, err := a.change(before, c)
	if err != nil {
		if after.Role != before.Role || after.Status != before.Status || len(tell) > 0 {
			return "a refused change left something"
		}
		return ""
	}
	touched := after.Role != before.Role || after.Status != before.Status
	switch {
	case !mayManage:
		return "somebody without the permission changed a member"
	case touched && before.UserID == a.UserID:
		return "somebody changed their own role or status"
	case len(tell) > 0 && !holdsAllOf(a, before.Role):
		return fmt.Sprintf("%+v changed %+v", a, before)
	case after.Role != before.Role && !holdsAllOf(a, after.Role):
		return fmt.Sprintf("%+v gave the role %s", a, after.Role)
	case touched && after.Version != before.Version+1, !touched && after.Version != before.Version:
		return fmt.Sprintf("version %d became %d", before.Version, after.Version)
	case (after != before) != (len(tell) > 0):
		return fmt.Sprintf("%+v became %+v and told %v", before, after, tell)
	}
	for _, t := range tell {
		h.done[t.typ]++
	}
	h.members[after.UserID] = after
	return h.oneOwner()
}

func (h *house) transfer(a actor, to Member) (broken string) {
	if a.needs(OwnerTransfer) != nil {
		return ""
	}
	oldOwner, newOwner, err := a.transfer(to)
	if err != nil {
		return ""
	}
	switch {
	case a.self.Role != Owner || a.self.Status != Active:
		return fmt.Sprintf("%+v gave the ownership away", a)
	case oldOwner.Role != Admin || newOwner.Role != Owner || newOwner.Status != Active:
		return fmt.Sprintf("the transfer left %+v and %+v", oldOwner, newOwner)
	case oldOwner.Version != a.self.Version+1 || newOwner.Version != to.Version+1:
		return "the transfer left a version as it was"
	}
	h.done["transfer"]++
	h.members[oldOwner.UserID], h.members[newOwner.UserID] = oldOwner, newOwner
	return h.oneOwner()
}

func (h *house) oneOwner() (broken string) {
	owners := 0
	for _, m := range h.members {
		if m.Role == Owner && m.Status == Active {
			owners++
		}
	}
	if owners != 1 {
		return fmt.Sprintf("%d owners", owners)
	}
	return ""
}

// holdsAllOf compares permission by permission, for the role in the token and the role in the store.
func holdsAllOf(a actor, r Role) bool {
	for p, scope := range granted[r] {
		if !a.Grants[p].Covers(scope) || !granted[a.self.Role][p].Covers(scope) {
			return false
		}
	}
	return true
}

// The rules allow what they are for.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	for _, as := range Roles {
		a := actor{Principal: Principal{UserID: "a", Grants: GrantsOf(as)}, self: Member{UserID: "a", Role: as, Status: Active}}
		if got, want := a.needs(MemberManage) == nil, as == Owner || as == Admin; got != want {
			t.Errorf("%s may manage members: %t, want %t", as, got, want)
		}
		if got, want := a.needs(OwnerTransfer) == nil, as == Owner; got != want {
			t.Errorf("%s may give the ownership away: %t, want %t", as, got, want)
		}
	}
	for _, as := range Roles {
		for _, r := range Roles {
			if got, want := Grantable(GrantsOf(as), r), (as == Owner || as == Admin) && r != Owner; got != want {
				t.Errorf("%s may give the role %s: %t, want %t", as, r, got, want)
			}
		}
	}
	admin := actor{Principal: Principal{UserID: "a", Grants: GrantsOf(Admin)}, self: Member{UserID: "a", Role: Admin, Status: Active}}
	viewer, off := Viewer, Disabled
	for _, r := range Roles {
		member := Member{UserID: "m", Role: r, Status: Active}
		for what, err := range map[string]error{
			"make a viewer of":   second(admin.change(member, Change{Role: &viewer})),
			"switch off":         second(admin.change(member, Change{Status: &off})),
			"remove":             admin.remove(member),
			"make of a viewer a": second(admin.change(Member{UserID: "m", Role: Viewer, Status: Active}, Change{Role: &r})),
		} {
			if got, want := err == nil, r != Owner; got != want {
				t.Errorf("an admin tries to %s %s: %v", what, r, err)
			}
		}
	}
}

func TestOwnSeat(t *testing.T) {
	t.Parallel()
	for _, as := range []Role{Owner, Admin} {
		self := Member{UserID: "a", Role: as, Status: Active}
		a := actor{Principal: Principal{UserID: "a", Grants: GrantsOf(as)}, self: self}
		viewer, off, name := Viewer, Disabled, "New name"
		for what, err := range map[string]error{
			"role":   second(a.change(self, Change{Role: &viewer})),
			"status": second(a.change(self, Change{Status: &off})),
			"seat":   a.remove(self),
		} {
			if err == nil || problem.CodeOf(err) != problem.Conflict {
				t.Errorf("%s changes their own %s: got %v, want a conflict", as, what, err)
			}
		}
		if _, _, err := a.change(self, Change{Name: &name}); err != nil {
			t.Errorf("%s changes their own name: %v", as, err)
		}
	}
}

func second[A, B any](_ A, _ B, err error) error { return err }

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a@example.test": "a@example.test", "  A.B+c@Mail.Example.TEST ": "a.b+c@mail.example.test", "x@a-b.example.co": "x@a-b.example.co",
		"": "", "a": "", "a@": "", "@example.test": "", "a@localhost": "", "a@example.test, b@example.test": "", "Vic <a@example.test>": "",
		"a b@example.test": "", `"a b"@example.test`: "", "a@[127.0.0.1]": "", "a@127.0.0.1": "", "a@exa\nmple.test": "", "a@example.test\r\nBcc: b@example.test": "",
		"ä@example.test": "", "a@exämple.test": "", "a@-example.test": "", "a@example..test": "", "a..b@example.test": "", "a@example.test.": "",
	} {
		got, fault := ParseEmail(text)
		if string(got) != want || (fault == "") != (want != "") {
			t.Errorf("%q: got %q, %q, want %q", text, got, fault, want)
		}
	}
	if _, fault := ParseEmail("a@" + string(make([]byte, 300)) + ".test"); fault != "is too long" {
		t.Errorf("a long address: got %q", fault)
	}
	for text, good := range map[string]bool{
		"": true, "Zoë Ångström-O'Neil": true, "李小龍": true, "a\tb": false, "a\nb": false, "a\x00b": false, "a\u202Eb": false, "a\u2066b": false,
		"a\u200Fb": false, "a\u2028b": false, "a\xffb": false, "\uFEFFa": false,
	} {
		if _, fault := ParseName(text); (fault == "") != good {
			t.Errorf("%q: got %q, want good %t", text, fault, good)
		}
	}
	long := []rune{}
	for range MaxNameRunes {
		long = append(long, 'ü')
	}
	if _, fault := ParseName(string(long)); fault != "" {
		t.Errorf("the longest name: %q", fault)
	}
	if _, fault := ParseName(string(long) + "ü"); fault == "" {
		t.Error("a name that is too long was taken")
	}
	for id, good := range map[string]bool{"": true, "User_1": true, "User_0": false, "User_": false, "user_1": false, "User_1/../x": false, "Client_1": false} {
		if (CheckJobberUserID(id) == "") != good {
			t.Errorf("%q: want good %t", id, good)
		}
	}
}
