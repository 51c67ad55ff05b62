/**
 * The client of the realtime service: one connection that finds a way through, comes again by itself, recovers what it
 * missed, and says when it could not. It knows nothing of the dashboard.
 */
export { type ConnectionState, connect, type Options } from './connect'
export type { LiveEvent } from './events'
