package account

import (
	"strings"

	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Principal is who asks for a change.
type Principal = httpapi.Principal

// The types of the events that this package stores, all for the audience Security.
const (
	MemberInvited     = "member.invited" // and when an invitation is renewed
	MemberUninvited   = "member.uninvited"
	MemberJoined      = "member.joined"
	MemberUpdated     = "member.updated" // the name or the Jobber user
	MemberRoleChanged = "member.role_changed"
	MemberDisabled    = "member.disabled"
	MemberEnabled     = "member.enabled"
	MemberRemoved     = "member.removed"
	OwnerTransferred  = "member.owner_transferred"
	SettingsChanged   = "security.settings_changed"
)

// Change is what an actor wants of a member. What is nil stays as it is.
type Change struct {
	Role         *Role
	Status       *Status
	Name         *string
	JobberUserID *string
}

// Check tells what is wrong with a change, whoever asks for it. Locations are below at.
func (c Change) Check(at string) []problem.Field {
	var bad faults
	if c.Role != nil && !Exists(*c.Role) {
		bad.add(at+"role", "must be a role")
	}
	if c.Status != nil && *c.Status != Active && *c.Status != Disabled {
		bad.add(at+"status", "must be active or disabled")
	}
	if c.Name != nil {
		_, fault := ParseName(*c.Name)
		bad.add(at+"name", fault)
	}
	if c.JobberUserID != nil {
		bad.add(at+"jobberUserId", CheckJobberUserID(*c.JobberUserID))
	}
	return bad
}

var (
	errOneOwner = problem.New(problem.Conflict, "An account has one owner. The owner can make another member the owner in their place.")
	errNoMember = problem.New(problem.NotFound, "There is no such member.")
)

// actor is who makes a change: what the request may do, and the person's own place as the transaction found it. Both must
// allow it, so a token or a key from before a change of role does no more than the role that came after.
type actor struct {
	Principal
	self Member
}

// covers tells whether the actor holds all of the grants.
func (a actor) covers(g Grants) bool {
	return a.Grants.Cover(g) && granted[a.self.Role].Cover(g)
}

func (a actor) needs(p Permission) error {
	if a.self.Status != Active || !a.Can(p) || !Can(a.self.Role, p) {
		return problem.New(problem.Forbidden, "This needs the permission %s, which you do not have.", p)
	}
	return nil
}

// over tells whether the actor stands over a member: only then may they change anything of them.
func (a actor) over(m Member) error {
	if a.covers(granted[m.Role]) {
		return nil
	}
	return problem.New(problem.Forbidden, "You cannot change a member with the role %s: they may do more than you. Ask the owner.", m.Role)
}

// give tells whether the actor may give a role to somebody.
func (a actor) give(r Role) error {
	switch {
	case r == Owner:
		return errOneOwner
	case !a.covers(granted[r]):
		return problem.New(problem.Forbidden, "You cannot give the role %s: it may do more than you. Ask the owner.", r)
	}
	return nil
}

// ownSeat is why people do not decide on their own place: the last one who manages members would lock everybody out.
func (a actor) ownSeat(what string) error {
	if a.self.Role == Owner {
		return problem.New(problem.Conflict, "You are the owner and cannot %s. Make another member the owner first.", what)
	}
	return problem.New(problem.Conflict, "You cannot %s. Ask the owner or another member who manages members.", what)
}

// change returns the member as the change leaves them, and what to tell of it; nothing when it changes nothing.
func (a actor) change(m Member, c Change) (Member, []told, error) {
	if err := a.over(m); err != nil {
		return m, nil, err
	}
	var tell []told
	if c.Role != nil && *c.Role != m.Role {
		if m.UserID == a.UserID {
			return m, nil, a.ownSeat("change your own role")
		}
		if err := a.give(*c.Role); err != nil {
			return m, nil, err
		}
		tell = append(tell, told{MemberRoleChanged, string(m.Role) + " → " + string(*c.Role)})
		m.Role = *c.Role
	}
	if c.Status != nil && *c.Status != m.Status {
		if m.UserID == a.UserID {
			return m, nil, a.ownSeat("switch your own access off")
		}
		what := map[Status]string{Active: MemberEnabled, Disabled: MemberDisabled}[*c.Status]
		tell = append(tell, told{what, string(m.Role)})
		m.Status = *c.Status
	}
	if len(tell) > 0 {
		m.Version++
	}
	m, detail := c.describe(m)
	if detail != "" {
		tell = append(tell, told{MemberUpdated, detail})
	}
	return m, tell, nil
}

// describe sets the name and the Jobber user, and says what changed of them. The old name is not kept: it may be wrong.
func (c Change) describe(m Member) (Member, string) {
	var changed []string
	if c.Name != nil {
		if name, _ := ParseName(*c.Name); name != m.Name {
			m.Name = name
			changed = append(changed, "name")
		}
	}
	if c.JobberUserID != nil && *c.JobberUserID != m.JobberUserID {
		const none = "no Jobber user"
		changed = append(changed, orElse(m.JobberUserID, none)+" → "+orElse(*c.JobberUserID, none))
		m.JobberUserID = *c.JobberUserID
	}
	return m, strings.Join(changed, ", ")
}

// remove tells whether the actor may take a member out of the account.
func (a actor) remove(m Member) error {
	if m.UserID == a.UserID {
		return a.ownSeat("remove yourself")
	}
	return a.over(m)
}

// transfer returns the two members as the transfer of the ownership leaves them.
func (a actor) transfer(to Member) (oldOwner, newOwner Member, err error) {
	switch {
	case a.self.Role != Owner:
		return a.self, to, problem.New(problem.Forbidden, "Only the owner can make another member the owner.")
	case to.UserID == a.UserID:
		return a.self, to, problem.New(problem.Conflict, "You are the owner already.")
	case to.Status != Active:
		return a.self, to, problem.New(problem.Conflict, "This member's access is switched off. Switch it on first.")
	}
	oldOwner, newOwner = a.self, to
	oldOwner.Role, newOwner.Role = Admin, Owner
	oldOwner.Version++
	newOwner.Version++
	return oldOwner, newOwner, nil
}

// told is one event's type and detail.
type told struct{ typ, detail string }

func title(name telemetry.Personal) string { return orElse(string(name), "A member without a name") }

func orElse(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}
