#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Makes the AppStream image pcluster-8106a2e2.

.DESCRIPTION
For an administrator on an image builder: installs what the recipe says, publishes its
applications, and has Image Assistant create the image. What is there already is left alone, so it
may be run again after any interruption; once the image exists it does nothing. It writes down what
it does in C:\ProgramData\Streamkeeper\image.log, and ends with 0 only if all of it was done.

.PARAMETER DryRun
Does everything but create the image: asks Image Assistant whether it would.
#>
[CmdletBinding()]
param([switch] $DryRun)

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
# Windows PowerShell downloads many times slower while it draws a progress bar.
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

$Recipe = ConvertFrom-Json -InputObject @'
{
  "applications": [
    {
      "displayName": "Command Prompt",
      "launchParameters": null,
      "name": "cmd",
      "path": "C:\\Windows\\System32\\cmd.exe",
      "workingDirectory": "C:\\temp"
    },
    {
      "displayName": null,
      "launchParameters": null,
      "name": "PuTTY",
      "path": "C:\\Program Files\\PuTTY\\putty.exe",
      "workingDirectory": null
    }
  ],
  "environment": [
    {
      "name": "AWS_PROFILE",
      "value": "appstream_machine_role"
    }
  ],
  "files": [
    {
      "content": "[default]\nregion = eu-west-1\n",
      "path": "C:\\Users\\Default\\.aws\\config"
    }
  ],
  "imageName": "pcluster-8106a2e2",
  "node": {
    "installer": {
      "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "url": "https://nodejs.org/dist/v22.14.0/node-v22.14.0-x64.msi"
    },
    "version": "22.14.0"
  },
  "parallelCluster": {
    "version": "3.16.1"
  },
  "python": {
    "folder": "C:\\python312",
    "installer": {
      "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
      "url": "https://www.python.org/ftp/python/3.12.10/python-3.12.10-amd64.exe"
    },
    "version": "3.12.10"
  },
  "tools": [
    {
      "arguments": [],
      "installer": {
        "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "url": "https://the.earth.li/~sgtatham/putty/0.83/w64/putty-64bit-0.83-installer.msi"
      },
      "installs": "C:\\Program Files\\PuTTY\\putty.exe",
      "name": "PuTTY"
    }
  ]
}
'@

$Folder = 'C:\ProgramData\Streamkeeper'
$Downloads = Join-Path $Folder 'downloads'
$Published = Join-Path $Folder 'published.json'
$ImageAssistant = Join-Path $env:ProgramFiles 'Amazon\Photon\ConsoleImageBuilder\image-assistant.exe'

function Write-Step([string] $Text) {
    Write-Host ('{0:u} {1}' -f [DateTime]::UtcNow, $Text)
}

function New-Folder([string] $Path) {
    $null = New-Item -ItemType Directory -Force -Path $Path
}

# The file behind an address, held to its hash; another file is deleted and never run.
function Get-Download($Download) {
    New-Folder $Downloads
    $extension = [IO.Path]::GetExtension(([Uri] $Download.url).AbsolutePath)
    $file = Join-Path $Downloads ($Download.sha256 + $extension)
    if (-not (Test-Path -LiteralPath $file)) {
        Write-Step "downloading $($Download.url)"
        Invoke-WebRequest -UseBasicParsing -Uri $Download.url -OutFile "$file.partial"
        Move-Item -Force -LiteralPath "$file.partial" -Destination $file
    }
    $hash = (Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash
    if ($hash -ne $Download.sha256) {
        Remove-Item -Force -LiteralPath $file
        throw "$($Download.url) has the SHA-256 $hash instead of $($Download.sha256)"
    }
    $file
}

# Runs a program to its end. The pipe makes PowerShell wait for programs with windows too.
function Invoke-Program([string] $Path, [string[]] $Arguments) {
    & $Path @Arguments | Out-Host
    # 3010: done, and a restart is wanted; the image's creation restarts the builder.
    if (@(0, 3010) -notcontains $LASTEXITCODE) {
        throw "$Path $Arguments ended with $LASTEXITCODE"
    }
}

function Install-Download($Download, [string[]] $Arguments) {
    $file = Get-Download $Download
    if ([IO.Path]::GetExtension($file) -eq '.msi') {
        Invoke-Program 'msiexec.exe' (@('/i', $file, '/qn', '/norestart') + $Arguments)
    } else {
        Invoke-Program $file $Arguments
    }
}

# Installs what is not there, and believes it only when it is there afterwards.
function Install-Missing([string] $What, [scriptblock] $IsThere, [scriptblock] $Install) {
    if (& $IsThere) {
        Write-Step "$What is there"
        return
    }
    Write-Step "installing $What"
    & $Install
    if (-not (& $IsThere)) {
        throw "$What was installed and is not there"
    }
}

# What a program says of its version; nothing where there is no program.
function Get-ProgramVersion([string] $Path) {
    if (Test-Path -LiteralPath $Path) {
        (& $Path '--version' | Out-String).Trim()
    }
}

function Install-Software {
    $python = Join-Path $Recipe.python.folder 'python.exe'
    Install-Missing "Python $($Recipe.python.version)" {
        (Get-ProgramVersion $python) -eq "Python $($Recipe.python.version)"
    } {
        Install-Download $Recipe.python.installer @(
            '/quiet', 'InstallAllUsers=1', "TargetDir=$($Recipe.python.folder)", 'PrependPath=1',
            'Include_launcher=0', 'Include_test=0'
        )
    }
    $version = $Recipe.parallelCluster.version
    Install-Missing "aws-parallelcluster $version" {
        $package = "Lib\site-packages\aws_parallelcluster-$version.dist-info"
        Test-Path -LiteralPath (Join-Path $Recipe.python.folder $package)
    } {
        Invoke-Program $python @(
            '-m', 'pip', 'install', '--disable-pip-version-check', '--no-warn-script-location',
            "aws-parallelcluster==$version"
        )
    }
    $node = Join-Path $env:ProgramFiles 'nodejs\node.exe'
    Install-Missing "Node.js $($Recipe.node.version)" {
        (Get-ProgramVersion $node) -eq "v$($Recipe.node.version)"
    } {
        Install-Download $Recipe.node.installer @()
    }
    foreach ($tool in $Recipe.tools) {
        Install-Missing $tool.name {
            Test-Path -LiteralPath $tool.installs
        } {
            Install-Download $tool.installer $tool.arguments
        }
    }
}

function Set-Environment {
    foreach ($variable in $Recipe.environment) {
        $now = [Environment]::GetEnvironmentVariable($variable.name, 'Machine')
        if ($now -cne $variable.value) {
            Write-Step "setting $($variable.name)"
            [Environment]::SetEnvironmentVariable($variable.name, $variable.value, 'Machine')
        }
    }
}

function Write-Files {
    # Without a byte order mark, which few programs expect.
    $encoding = New-Object Text.UTF8Encoding($false)
    foreach ($file in $Recipe.files) {
        $bytes = $encoding.GetBytes($file.content)
        if (Test-Path -LiteralPath $file.path) {
            $now = [IO.File]::ReadAllBytes($file.path)
            if ([Convert]::ToBase64String($now) -ceq [Convert]::ToBase64String($bytes)) {
                continue
            }
        }
        Write-Step "writing $($file.path)"
        New-Folder (Split-Path -Parent $file.path)
        [IO.File]::WriteAllBytes($file.path, $bytes)
    }
}

# One call of Image Assistant, whose answer is JSON unless it did not understand the question.
function Invoke-ImageAssistant([string[]] $Arguments) {
    $text = (& $ImageAssistant @Arguments | Out-String).Trim()
    $code = $LASTEXITCODE
    try {
        $answer = ConvertFrom-Json -InputObject $text
        $message = [string] $answer.message
    } catch {
        $answer = $null
        $message = $text
        # Whatever it was, it was not the success it would have said.
        if ($code -eq 0) { $code = 255 }
    }
    [PSCustomObject] @{ Code = $code; Message = $message; Answer = $answer }
}

function Assert-Success($Result, [string] $What) {
    if ($Result.Code -ne 0) {
        throw "Image Assistant could not $What ($($Result.Code)): $($Result.Message)"
    }
}

function Remove-Application([string] $Name) {
    $removed = Invoke-ImageAssistant @('remove-application', '--name', $Name)
    if ($removed.Code -ne 1) {
        Assert-Success $removed "remove the application $Name"
    }
}

# An application cannot be edited, so what was published otherwise is removed and added.
function Publish-Applications {
    $listed = Invoke-ImageAssistant @('list-applications')
    Assert-Success $listed 'list the applications'
    $there = @($listed.Answer.applications | ForEach-Object { $_.Name })
    $known = @{}
    if (Test-Path -LiteralPath $Published) {
        $saved = ConvertFrom-Json -InputObject (Get-Content -Raw -LiteralPath $Published)
        foreach ($property in $saved.PSObject.Properties) {
            $known[$property.Name] = $property.Value
        }
    }
    $wanted = @($Recipe.applications | ForEach-Object { $_.name })
    foreach ($name in $there) {
        if ($wanted -cnotcontains $name) {
            Write-Step "removing the application $name, which is not in the recipe"
            Remove-Application $name
        }
    }
    foreach ($application in $Recipe.applications) {
        $declared = ConvertTo-Json -Compress -InputObject $application
        $name = $application.name
        if (($there -ccontains $name) -and ($known[$name] -ceq $declared)) {
            Write-Step "the application $name is there"
            continue
        }
        Write-Step "publishing the application $name"
        $arguments = @('add-application', '--name', $name, '--absolute-app-path', $application.path)
        if ($application.displayName) {
            $arguments += @('--display-name', $application.displayName)
        }
        if ($application.workingDirectory) {
            if (-not (Test-Path -LiteralPath $application.workingDirectory)) {
                New-Folder $application.workingDirectory
                # Everybody who streams may write here: the group Users, by its identifier, because
                # its name differs by language.
                Invoke-Program 'icacls.exe' @(
                    $application.workingDirectory, '/grant', '*S-1-5-32-545:(OI)(CI)M'
                )
            }
            $arguments += @('--working-directory', $application.workingDirectory)
        }
        if ($application.launchParameters) {
            $arguments += @('--launch-parameters', $application.launchParameters)
        }
        if ($there -ccontains $name) {
            Remove-Application $name
        }
        Assert-Success (Invoke-ImageAssistant $arguments) "add the application $name"
        $known[$name] = $declared
        ConvertTo-Json -InputObject $known | Set-Content -Encoding UTF8 -LiteralPath $Published
    }
}

function New-Image {
    $arguments = @(
        'create-image', '--name', $Recipe.imageName, '--display-name', $Recipe.imageName,
        '--no-enable-dynamic-app-catalog', '--use-latest-agent-version'
    )
    $tried = Invoke-ImageAssistant ($arguments + '--dry-run')
    if ($tried.Code -eq 1 -and $tried.Message -like '*already exists*') {
        Write-Step "the image $($Recipe.imageName) exists; there is nothing to do"
        return
    }
    Assert-Success $tried "create the image $($Recipe.imageName)"
    if ($DryRun) {
        Write-Step "the image $($Recipe.imageName) could be created"
        return
    }
    # Not on the image: its readers have no use for them.
    if (Test-Path -LiteralPath $Downloads) {
        Remove-Item -Recurse -Force -LiteralPath $Downloads
    }
    Assert-Success (Invoke-ImageAssistant $arguments) "create the image $($Recipe.imageName)"
    Write-Step "the image $($Recipe.imageName) is being created; this builder disconnects now"
}

New-Folder $Folder
$null = Start-Transcript -Append -Path (Join-Path $Folder 'image.log')
try {
    Install-Software
    Set-Environment
    Write-Files
    Publish-Applications
    New-Image
} catch {
    Write-Step "failed: $_"
    exit 1
} finally {
    $null = Stop-Transcript
}
