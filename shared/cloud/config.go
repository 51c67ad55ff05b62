package cloud

// Config says where the cloud is. Every field comes from the environment of the deployed function or service.
//
// The official clients read FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, STORAGE_EMULATOR_HOST and
// FIREBASE_AUTH_EMULATOR_HOST by themselves;
// the Cloud Tasks and Cloud Scheduler clients read no such variable, so their emulators are set here.
type Config struct {
	Project           string `env:"GOOGLE_CLOUD_PROJECT, required"`
	Location          string `env:"LOCATION, default=us-central1"`
	RedisURL          string `env:"REDIS_URL, required"`
	RedisPrefix       string `env:"REDIS_PREFIX, default=fb:"` // before every key, so that stacks can share a Redis
	TasksEmulatorHost string `env:"CLOUD_TASKS_EMULATOR_HOST"`

	SchedulerEmulatorHost string `env:"SCHEDULER_EMULATOR_HOST"`
}
