// Package workreports makes the reports that were asked for.
package workreports

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("WorkReports", instance.HTTP(Build)) }
