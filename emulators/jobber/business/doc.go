// Package business is a living field-service business as Jobber would keep it: its records, what happens to them, and the
// true figures. The Jobber emulator puts Jobber's API on top of it.
//
// It shares no rule with the product: Truth is the figure that the product's dashboard is measured against, worked out
// from the records by the plainest means.
package business
