// Package schedule is what members want done by the calendar.
package schedule
