from snakemake.utils import min_version

min_version("9.0")


configfile: "params.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/augment.smk"
include: "workflow/rules/figures.smk"


wildcard_constraints:
    dataset="|".join(sorted(CONFIG.data)),
    variant="|".join(sorted(CONFIG.variants)),
    seed=r"\d+",
    kind="class|shared",
    table="|".join(RUN_TABLES),


localrules:
    all_data,
    all_models,
    all_tables,
    all_figures,


rule all_figures:
    """Every figure, as PDF and PNG, with all tables and the summary of metrics: the default target."""
    default_target: True
    input:
        ALL_FIGURES,
        ALL_TABLES,
        PATHS.metrics,


rule all_data:
    """The prepared sets of the profile's data sets."""
    input:
        [PATHS.prepared(dataset) for dataset in DATASETS],


rule all_models:
    """Every trained model of the profile."""
    input:
        ALL_MODELS,


rule all_tables:
    """Every table that a figure or the summary of metrics is made from."""
    input:
        ALL_TABLES,
        PATHS.metrics,
