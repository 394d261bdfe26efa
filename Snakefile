from snakemake.utils import min_version

min_version("9.0")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/groups.smk"


onstart:
    if workflow.is_main_process and workflow.local_exec:
        lift_rate_limit(workflow.scheduler, snakemake_version)
        if len(workflow.dag) > 4:  # fewer jobs end before the server is ready
            fork_client.start()


onsuccess:
    BOOKKEEPING.write_records()


onerror:
    BOOKKEEPING.write_records()
    print(
        "Finished results are kept. The same command runs the missing jobs, and resumes trainings from checkpoints."
    )


wildcard_constraints:
    dataset="|".join(sorted(CONFIG.data)),
    variant="|".join(sorted(CONFIG.variants)),
    seed=r"\d+",
    kind="class|shared",


localrules:
    all_data,
    all_models,
    all_tables,
    all_figures,
    all_claims,
    all_releases,


rule all_figures:
    """Default target: every figure with its caption, all tables, the summary of metrics and the verdicts; in profile
    paper, whose results are in git, also the released weights."""
    default_target: True
    input:
        files_of(*PIPELINE.targets()),


rule all_data:
    """The prepared sets of the profile's data sets."""
    input:
        [PATHS.prepared(dataset) for dataset in PIPELINE.datasets],


rule all_models:
    """Every trained model of the profile."""
    input:
        files_of(*PIPELINE.models()),


rule all_tables:
    """Every joined table, the arrays of the figures, and the summary of metrics."""
    input:
        files_of(*PIPELINE.tables(), PIPELINE.metrics()),


rule all_claims:
    """The verdicts on the paper's claims."""
    input:
        files_of(PIPELINE.claims()),


rule all_releases:
    """Trained weights of the first seed in half precision, for use without training (results/PROFILE/release)."""
    input:
        files_of(*PIPELINE.releases()),
