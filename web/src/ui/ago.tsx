import { ago } from '../format/time'
import { useNow } from './now'

/** How long ago, kept true while it is looked at. */
export function Ago({ time }: { time: string }) {
  return ago(time, useNow())
}
