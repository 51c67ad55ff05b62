// Package relay publishes the events that a crash left in the outbox. Cloud Scheduler calls it every minute.
package relay

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("Relay", instance.HTTP(Build)) }
