import { type ReactNode, useEffect } from 'react'
import { Ended } from '../live/ended'
import classes from './page.module.css'

interface Props {
  title: string
  /** The part of the page that is shown, for the browser's title. */
  part?: string | undefined
  subtitle?: ReactNode
  tools?: ReactNode
  children: ReactNode
}

export function Page({ title, part, subtitle, tools, children }: Props) {
  useEffect(() => {
    document.title = [part, title, 'Fieldboard'].filter(Boolean).join(' · ')
  }, [title, part])
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.names}>
          <h1 className={classes.title}>{title}</h1>
          {subtitle && <p className={classes.subtitle}>{subtitle}</p>}
        </div>
        {tools && <div className={classes.tools}>{tools}</div>}
      </header>
      <Ended />
      {children}
    </div>
  )
}
