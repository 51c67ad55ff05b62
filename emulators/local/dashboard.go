package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// buildDashboard builds web/dist where it is missing or older than what it is made from.
func buildDashboard(ctx context.Context, root, logFile string) error {
	web := filepath.Join(root, "web")
	built, err := os.Stat(filepath.Join(web, "dist", "index.html"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		changed, err := newestSource(web)
		if err != nil {
			return err
		}
		if !changed.After(built.ModTime()) {
			return nil
		}
	}
	log, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer log.Close()
	npm := exec.CommandContext(ctx, "npm", "run", "build")
	npm.Dir, npm.Stdout, npm.Stderr = web, log, log
	if err := npm.Run(); err != nil {
		return fmt.Errorf("building the dashboard: %w; see %s", err, logFile)
	}
	return nil
}

// newestSource returns when the dashboard's sources changed last.
func newestSource(web string) (time.Time, error) {
	var newest time.Time
	err := filepath.WalkDir(web, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); name == "node_modules" || name == "dist" {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return nil
	})
	return newest, err
}
