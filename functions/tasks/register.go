// Package tasks shows background work, and lets those who may stop it, try it again and mend it.
package tasks

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("Tasks", instance.HTTP(Build)) }
