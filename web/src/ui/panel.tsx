import { type ReactNode, useId } from 'react'
import classes from './panel.module.css'

interface Props {
  title: string
  /** Beside the title: a count, a switch, a link. */
  aside?: ReactNode
  className?: string | undefined
  children: ReactNode
}

export function Panel({ title, aside, className, children }: Props) {
  const id = useId()
  return (
    <section aria-labelledby={id} className={className ? `${classes.panel} ${className}` : classes.panel}>
      <header className={classes.head}>
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {aside}
      </header>
      {children}
    </section>
  )
}
