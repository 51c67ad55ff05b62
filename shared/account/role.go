// Package account is the tenants: a business and its members, and what each of them may do.
package account

import (
	"slices"

	"fieldboard.dev/fieldboard/shared/httpapi"
)

// Permission names one thing that a member may do.
type Permission = httpapi.Permission

// The permissions.
const (
	RecordRead    Permission = "record:read"    // see the business's records; amounts of money need FinanceRead too
	FinanceRead   Permission = "finance:read"   // see invoices, payments and every amount of money
	SyncManage    Permission = "sync:manage"    // start and stop copying from Jobber
	JobberConnect Permission = "jobber:connect" // connect the account to Jobber, or disconnect it
)

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

var granted = map[Role][]Permission{
	Owner:      {RecordRead, FinanceRead, SyncManage, JobberConnect},
	Admin:      {RecordRead, FinanceRead, SyncManage},
	Dispatcher: {RecordRead},
	Technician: {RecordRead},
	Viewer:     {RecordRead},
}

// Permissions returns what a role may do; nothing for a role that does not exist.
func Permissions(r Role) []Permission {
	return slices.Clone(granted[r])
}

// Can tells whether a role holds a permission.
func Can(r Role, p Permission) bool {
	return slices.Contains(granted[r], p)
}

// Exists tells whether r is one of the roles.
func Exists(r Role) bool {
	_, ok := granted[r]
	return ok
}
