# A cluster with everything that the usual EKS and VPC modules make by default: key and alias, log group with retention,
# network ACLs, add-ons, OpenID Connect provider, two node groups with launch templates, access entries, Pod Identity,
# flow logs. Nothing in it knows of a simulator: the environment redirects the provider.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" {
  type    = string
  default = "tf-complete"
}

provider "aws" {
  default_tags {
    tags = { "made-by" = "terraform" }
  }
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

data "aws_iam_session_context" "current" {
  arn = data.aws_caller_identity.current.arn
}

data "aws_availability_zones" "available" {
  state = "available"
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = slice(data.aws_availability_zones.available.names, 0, 2)
}
