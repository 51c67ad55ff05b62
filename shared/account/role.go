// Package account is the tenants: a business and its members, and what each of them may do.
package account

import (
	"maps"

	"fieldboard.dev/fieldboard/shared/httpapi"
)

// Permission names one thing that a member may do.
type Permission = httpapi.Permission

// The permissions.
const (
	SelfManage    Permission = "self:manage"    // see who one is, and list, name and end one's own sessions
	SummaryRead   Permission = "summary:read"   // see the business's figures and the state of the copy, no single record
	RecordRead    Permission = "record:read"    // see the business's records; amounts of money need FinanceRead too
	FinanceRead   Permission = "finance:read"   // see invoices, payments and every amount of money
	SyncManage    Permission = "sync:manage"    // start and stop copying from Jobber
	JobberConnect Permission = "jobber:connect" // connect the account to Jobber, or disconnect it
	MemberRead    Permission = "member:read"    // see who is in the account
	MemberManage  Permission = "member:manage"  // invite, change and remove members, up to what one holds oneself
	SessionManage Permission = "session:manage" // see and end other members' sessions
	LiveManage    Permission = "live:manage"    // see who is connected live, and end connections
	KeyManage     Permission = "key:manage"     // create, rotate and revoke API keys, up to what one holds oneself
	SecurityRead  Permission = "security:read"  // see events about sign-ins, members and keys
	TaskRead      Permission = "task:read"      // see background work: how it stands, and why it failed
	TaskManage    Permission = "task:manage"    // pause, cancel, mend and repeat background work, and see what it is to do
	ReportRead    Permission = "report:read"    // see and download the account's reports; those with amounts of money need FinanceRead too
	ReportMake    Permission = "report:make"    // make, cancel, share and delete reports
	AccountManage Permission = "account:manage" // change the account's settings
	EventExport   Permission = "event:export"   // export the audit log
	EventReplay   Permission = "event:replay"   // send stored events to a consumer again
	EventErase    Permission = "event:erase"    // take a person out of the events, for good
	BatchRun      Permission = "batch:run"      // make many changes at Jobber at once
	OwnerTransfer Permission = "owner:transfer" // make another member the owner in one's place

	ScheduleRead   Permission = "schedule:read"   // see what is done by the calendar
	ScheduleManage Permission = "schedule:manage" // have done by the calendar what one may do oneself
)

// Scope says how much of the account a permission is held for.
type Scope = httpapi.Scope

// The scopes, widest first.
const (
	WholeAccount = httpapi.WholeAccount
	OwnTeam      = httpapi.OwnTeam
	OwnRecords   = httpapi.OwnRecords
)

// Grants are permissions, each with its scope.
type Grants = httpapi.Grants

// Role is what a member is in the account.
type Role = httpapi.Role

// The roles.
const (
	Owner      Role = "owner"
	Admin      Role = "admin"
	Dispatcher Role = "dispatcher"
	Technician Role = "technician"
	Viewer     Role = "viewer"
)

// Roles are all roles, the mightiest first.
var Roles = []Role{Owner, Admin, Dispatcher, Technician, Viewer}

var granted = map[Role]Grants{
	Owner: {
		SelfManage: WholeAccount, SummaryRead: WholeAccount, RecordRead: WholeAccount, FinanceRead: WholeAccount,
		SyncManage: WholeAccount, JobberConnect: WholeAccount, MemberRead: WholeAccount, MemberManage: WholeAccount,
		SessionManage: WholeAccount, LiveManage: WholeAccount, KeyManage: WholeAccount, SecurityRead: WholeAccount, AccountManage: WholeAccount,
		OwnerTransfer: WholeAccount, EventExport: WholeAccount, EventReplay: WholeAccount, EventErase: WholeAccount,
		TaskRead: WholeAccount, TaskManage: WholeAccount, ReportRead: WholeAccount, ReportMake: WholeAccount, BatchRun: WholeAccount,
		ScheduleRead: WholeAccount, ScheduleManage: WholeAccount,
	},
	Admin: {
		SelfManage: WholeAccount, SummaryRead: WholeAccount, RecordRead: WholeAccount, FinanceRead: WholeAccount,
		SyncManage: WholeAccount, MemberRead: WholeAccount, MemberManage: WholeAccount, SessionManage: WholeAccount,
		LiveManage: WholeAccount, KeyManage: WholeAccount, SecurityRead: WholeAccount, EventExport: WholeAccount, EventReplay: WholeAccount,
		TaskRead: WholeAccount, TaskManage: WholeAccount, ReportRead: WholeAccount, ReportMake: WholeAccount, BatchRun: WholeAccount,
		ScheduleRead: WholeAccount, ScheduleManage: WholeAccount,
	},
	Dispatcher: {
		SelfManage: WholeAccount, SummaryRead: WholeAccount, RecordRead: WholeAccount, MemberRead: WholeAccount, TaskRead: WholeAccount,
		ReportRead: WholeAccount, ReportMake: WholeAccount, BatchRun: WholeAccount,
		ScheduleRead: WholeAccount, ScheduleManage: WholeAccount,
	},
	Technician: {SelfManage: WholeAccount, SummaryRead: WholeAccount, RecordRead: OwnTeam},
	Viewer:     {SelfManage: WholeAccount, SummaryRead: WholeAccount, RecordRead: WholeAccount, ReportRead: WholeAccount},
}

// GrantsOf returns what a role may do; nothing for a role that does not exist.
func GrantsOf(r Role) Grants {
	return maps.Clone(granted[r])
}

// Can tells whether a role holds a permission for the whole account.
func Can(r Role, p Permission) bool {
	return granted[r][p] == WholeAccount
}

// Grantable tells whether somebody who holds the grants may give a role to others. Nobody gives the owner's: it is handed over.
func Grantable(g Grants, r Role) bool {
	return r != Owner && Exists(r) && g[MemberManage] == WholeAccount && g.Cover(granted[r])
}

// Exists tells whether r is one of the roles.
func Exists(r Role) bool {
	_, ok := granted[r]
	return ok
}

// Privileged tells whether a role may change who gets in, or sees money: its sessions are shorter.
func Privileged(r Role) bool {
	return Can(r, MemberManage) || Can(r, FinanceRead)
}
