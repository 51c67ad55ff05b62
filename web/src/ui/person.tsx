import { initials } from '../format/words'
import classes from './person.module.css'

/** Who is assigned, as round badges with names on hover and for screen readers. */
export function People({ people, max = 3 }: { people: { id: string; name: string }[]; max?: number }) {
  if (people.length === 0) return <span className={classes.none}>Unassigned</span>
  const shown = people.length > max ? people.slice(0, max - 1) : people
  const rest = people.slice(shown.length)
  return (
    <span className={classes.people}>
      <span className="sr-only">Assigned to {people.map(person => person.name).join(', ')}</span>
      {shown.map(person => (
        <span
          key={person.id}
          title={person.name}
          className={classes.person}
          style={{ '--hue': hue(person.name) } as React.CSSProperties}
          aria-hidden
        >
          {initials(person.name)}
        </span>
      ))}
      {rest.length > 0 && (
        <span
          className={classes.person}
          title={rest.map(person => person.name).join(', ')}
          data-rest
          aria-hidden
        >
          +{rest.length}
        </span>
      )}
    </span>
  )
}

/** One person's badge, beside their name. */
export function Person({ name, size = 32 }: { name: string; size?: number }) {
  return (
    <span
      className={classes.person}
      style={{ '--hue': hue(name), width: size, height: size, fontSize: size * 0.36 } as React.CSSProperties}
      aria-hidden
    >
      {initials(name)}
    </span>
  )
}

/** The badges of people who are here; of those who are away, dimmed. Who they are is said beside them. */
export function Presence({ people }: { people: { id: string; name: string; idle: boolean }[] }) {
  return (
    <span className={classes.people} aria-hidden>
      {people.map(({ id, name, idle }) => (
        <span
          key={id}
          title={idle ? `${name} (away)` : name}
          className={classes.person}
          style={{ '--hue': hue(name) } as React.CSSProperties}
          data-idle={idle || undefined}
        >
          {initials(name)}
        </span>
      ))}
    </span>
  )
}

/** The same person always has the same colour. */
function hue(name: string): number {
  let sum = 0
  for (const char of name) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 360
  return sum
}
