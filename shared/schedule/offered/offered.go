// Package offered lists what can be done by schedule, for the functions that keep, start and tend schedules.
package offered

import (
	"context"

	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/report"
	"fieldboard.dev/fieldboard/shared/schedule"
)

// Actions returns all actions that there are. It dials nothing.
func Actions(in *instance.Instance) []schedule.Action {
	return []schedule.Action{report.NewAction(in)}
}

// New returns the schedules of an instance's settings, with all actions.
func New(ctx context.Context, in *instance.Instance) (*schedule.Schedules, error) {
	return schedule.New(ctx, in, Actions(in)...)
}
