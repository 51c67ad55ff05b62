package tasks

import (
	"fieldboard.dev/fieldboard/shared/batch"
	"fieldboard.dev/fieldboard/shared/email"
	"fieldboard.dev/fieldboard/shared/report"
	"fieldboard.dev/fieldboard/shared/task"
)

// kinds are all kinds of task that there are.
func kinds() (task.Catalogue, error) {
	return task.NewCatalogue(
		batch.Kind.Listed(),
		email.Sending.Listed(),
		report.Making.Listed(),
		report.Scheduled.Listed(),
	)
}
