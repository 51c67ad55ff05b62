// Package sealevents seals the events of all accounts, so that a later change of one is found. Cloud Scheduler calls it every
// minute.
package sealevents

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("SealEvents", instance.HTTP(Build)) }
