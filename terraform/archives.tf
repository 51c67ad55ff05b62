# One archive for each function: the module's files, shared/, the function's own folder, and the root package that the Go
# buildpack asks for. Tests are left out. tests/archive builds the same archives by the same rule.

locals {
  root     = "${path.module}/.."
  manifest = yamldecode(file("${local.root}/shared/manifest/manifest.yaml"))

  functions = { for f in local.manifest.functions : f.name => f }

  shared_files = [
    for f in fileset(local.root, "shared/**") : f
    if !endswith(f, "_test.go") && !strcontains(f, "/testdata/")
  ]

  function_files = {
    for name, f in local.functions : name => concat(["go.mod", "go.sum"], local.shared_files, [
      for file in fileset(local.root, "functions/${name}/**") : file
      if !endswith(file, "_test.go") && !strcontains(file, "/testdata/")
    ])
  }
}

data "archive_file" "function" {
  for_each = local.functions

  type             = "zip"
  output_path      = "${path.module}/.build/${each.key}.zip"
  output_file_mode = "0644" # the same bytes on every machine

  dynamic "source" {
    for_each = local.function_files[each.key]
    content {
      filename = source.value
      content  = file("${local.root}/${source.value}")
    }
  }

  source {
    filename = "function.go"
    content  = templatefile("${path.module}/function.go.tftpl", { name = each.key })
  }
}
