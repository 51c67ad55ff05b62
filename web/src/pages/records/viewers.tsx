import type { Collection } from '../../api/types'
import { useViewers } from '../../live/viewers'
import { Presence } from '../../ui/person'
import classes from './viewers.module.css'

const most = 4

/** Who else looks at the record; nothing when nobody does. */
export function Viewers({ collection, id }: { collection: Collection; id: string }) {
  const viewers = useViewers(collection, id)
  const awake = viewers.filter(viewer => !viewer.idle)
  const all = [...awake, ...viewers.filter(viewer => viewer.idle)]
  return (
    <div aria-live="polite">
      {all.length > 0 && (
        <p className={classes.viewers} data-testid="viewers">
          <Presence people={all.slice(0, most)} />
          <span>{sentence(all)}</span>
        </p>
      )}
    </div>
  )
}

/** “Sam is also looking at this”; of people who are all away, “Sam has this open”. */
function sentence(people: { name: string; idle: boolean }[]): string {
  const [first, second, ...rest] = people.map(person => person.name)
  const away = people.every(person => person.idle)
  if (!first) return ''
  if (!second) return away ? `${first} has this open` : `${first} is also looking at this`
  const who = rest.length === 0 ? `${first} and ${second}` : `${first} and ${people.length - 1} others`
  return away ? `${who} have this open` : `${who} are also looking at this`
}
