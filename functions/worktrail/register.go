// Package worktrail works on what takes long with the audit log, one step of a task for each message that Cloud Tasks delivers.
package worktrail

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("WorkTrail", instance.HTTP(Build)) }
