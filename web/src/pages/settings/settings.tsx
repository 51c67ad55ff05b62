import { IconLock } from '@tabler/icons-react'
import { Link, Navigate, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useCan } from '../../session/context'
import { Empty } from '../../ui/empty'
import { Page } from '../../ui/page'
import { entries } from './entries'
import classes from './settings.module.css'

export function Settings() {
  const can = useCan()
  const { pathname } = useLocation()
  const present = entries.find(entry => pathname === entry.to)
  return (
    <Page title="Settings" part={present?.name}>
      <div className={classes.columns}>
        <Entries path={pathname} />
        <div className={classes.content}>
          {present && !can(present.permission) ? (
            <Empty icon={IconLock} title="Not open to your role">
              Ask the owner of your account if you need this.
            </Empty>
          ) : (
            <Outlet />
          )}
        </div>
      </div>
    </Page>
  )
}

function Entries({ path }: { path: string }) {
  const can = useCan()
  const list = useRef<HTMLElement>(null)
  // On a phone the row of entries is wider than the screen.
  useEffect(() => {
    const active = list.current?.querySelector<HTMLElement>(`[href="${path}"]`)
    if (active && list.current) list.current.scrollLeft = active.offsetLeft - 24
  }, [path])
  return (
    <nav ref={list} aria-label="Settings" className={classes.entries}>
      {entries
        .filter(entry => can(entry.permission))
        .map(entry => (
          <Link key={entry.to} to={entry.to} className={classes.entry} resetScroll={false}>
            {entry.name}
          </Link>
        ))}
    </nav>
  )
}

/** Settings itself shows who is in the business, or what concerns oneself. */
export function FirstSetting() {
  const can = useCan()
  return <Navigate to={can('member:read') ? '/settings/members' : '/settings/sessions'} replace />
}
